// Room: bench. What an interposed lock costs that need not wait, over libc's own: nanoseconds of a lock and its unlock,
// of a post and a wait, of a signal to nobody, on a plain thread and inside a fiber, as a line of JSON. The two take
// turns in short rounds, and the best of each counts, so that a busy machine does not tell them apart. An argument
// (thread_libc, thread_taken, fiber_libc, fiber_taken) runs that side's mutex alone, so often as a second one says, for
// who counts instructions.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

#include <weft/runtime/runtime.hpp>

namespace {

constexpr int k_calls = 2'000;
constexpr int k_rounds = 600;

// The functions of one side.
struct side {
  decltype(&::pthread_mutex_lock) lock = &::pthread_mutex_lock;
  decltype(&::pthread_mutex_unlock) unlock = &::pthread_mutex_unlock;
  decltype(&::pthread_cond_signal) signal = &::pthread_cond_signal;
  decltype(&::pthread_cond_broadcast) broadcast = &::pthread_cond_broadcast;
  decltype(&::pthread_rwlock_rdlock) read = &::pthread_rwlock_rdlock;
  decltype(&::pthread_rwlock_wrlock) write = &::pthread_rwlock_wrlock;
  decltype(&::pthread_rwlock_unlock) leave = &::pthread_rwlock_unlock;
  decltype(&::sem_wait) wait = &::sem_wait;
  decltype(&::sem_post) post = &::sem_post;
};

// libc's own, past all that was loaded before it. Null functions if there is no such library.
side of_libc() {
  void* const libc = ::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  side own;
  const auto find = [libc](const char* name, auto& function) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(libc != nullptr ? ::dlsym(libc, name) : nullptr);
  };
  find("pthread_mutex_lock", own.lock);
  find("pthread_mutex_unlock", own.unlock);
  find("pthread_cond_signal", own.signal);
  find("pthread_cond_broadcast", own.broadcast);
  find("pthread_rwlock_rdlock", own.read);
  find("pthread_rwlock_wrlock", own.write);
  find("pthread_rwlock_unlock", own.leave);
  find("sem_wait", own.wait);
  find("sem_post", own.post);
  return own;
}

struct things {
  things() {
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &kind);
    sem_init(&semaphore, 0, 1);
  }
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_t recursive;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
  sem_t semaphore;
};

template <class Step>
double round_of(Step step) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < k_calls; ++i) step();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / k_calls;
}

struct compared {
  double libc = 1e9;
  double taken = 1e9;
};

// `step` is done by either side.
template <class Step>
compared compare(const side& libc, const side& taken, Step step) {
  compared best;
  for (int round = 0; round < k_rounds; ++round) {
    best.libc = std::min(best.libc, round_of([&] { step(libc); }));
    best.taken = std::min(best.taken, round_of([&] { step(taken); }));
  }
  return best;
}

constexpr std::array k_names = {"mutex",     "recursive", "rwlock_read", "rwlock_write",
                                "semaphore", "signal",    "broadcast"};
using all_compared = std::array<compared, k_names.size()>;

all_compared compare_all(const side& libc) {
  const side taken;
  things t;
  return {
      compare(libc, taken, [&](const side& by) { by.lock(&t.mutex), by.unlock(&t.mutex); }),
      compare(libc, taken, [&](const side& by) { by.lock(&t.recursive), by.unlock(&t.recursive); }),
      compare(libc, taken, [&](const side& by) { by.read(&t.rwlock), by.leave(&t.rwlock); }),
      compare(libc, taken, [&](const side& by) { by.write(&t.rwlock), by.leave(&t.rwlock); }),
      compare(libc, taken, [&](const side& by) { by.wait(&t.semaphore), by.post(&t.semaphore); }),
      compare(libc, taken, [&](const side& by) { by.signal(&t.condition); }),
      compare(libc, taken, [&](const side& by) { by.broadcast(&t.condition); }),
  };
}

void print(const all_compared& on_thread, const all_compared& in_fiber) {
  for (std::size_t i = 0; i != k_names.size(); ++i)
    std::printf("%s\"%s_libc\": %.2f, \"%s_thread_over\": %.2f, \"%s_fiber_over\": %.2f", i == 0 ? "{" : ", ",
                k_names[i], on_thread[i].libc, k_names[i], on_thread[i].taken - on_thread[i].libc, k_names[i],
                in_fiber[i].taken - in_fiber[i].libc);
  std::puts("}");
}

int run_mutex_alone(std::string_view what, int times, const side& libc) {
  const side taken;
  const side& by = what.ends_with("libc") ? libc : taken;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const auto repeat = [&] {
    for (int i = 0; i < times; ++i) by.lock(&mutex), by.unlock(&mutex);
  };
  what.starts_with("fiber") ? weft::run(weft::options{.workers = 1}, repeat) : repeat();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const side libc = of_libc();
  if (libc.lock == nullptr || libc.lock == side{}.lock) {
    std::fputs("interpose_locks: libweft_interpose is not in front of libc\n", stderr);
    return 1;
  }
  if (argc > 2) return run_mutex_alone(argv[1], std::atoi(argv[2]), libc);
  const all_compared in_fiber = weft::run(weft::options{.workers = 1}, [&] { return compare_all(libc); });
  print(compare_all(libc), in_fiber);
  return 0;
}
