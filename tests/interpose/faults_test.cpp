// What breaks locks: memory that is gone or another's as soon as a lock is given back, a fork while locks are held, a
// signal handler that posts, threads that give back what fibers wait for, calls where a fiber must not park.

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <new>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::at_each_width;
using weft::testing::side_by_side;
using weft::testing::yield_until;
using namespace std::chrono_literals;

#if defined(__SANITIZE_THREAD__)
constexpr bool k_guards_are_the_sanitizers = true;  // pthread_once and __cxa_guard_acquire are its own
#else
constexpr bool k_guards_are_the_sanitizers = false;
#endif

int value_made_under(std::mutex& mutex) {
  static const int value = [&mutex] {
    const std::scoped_lock held(mutex);  // so it stays on its worker, which must not block for it
    weft::this_fiber::sleep_for(1ms);
    return 7;
  }();
  return value;
}

TEST(faults, who_waits_for_a_static_local_does_not_block_the_worker_that_makes_it) {
  if (k_guards_are_the_sanitizers) GTEST_SKIP() << "ThreadSanitizer has guards of its own";
  std::mutex mutex;
  side_by_side(1, 5, [&](int) { EXPECT_EQ(value_made_under(mutex), 7); });
}

TEST(faults, a_routine_of_call_once_waits_for_a_lock_that_a_fiber_of_its_worker_holds) {
  std::mutex plain;
  std::recursive_mutex recursive;
  std::once_flag flag;
  std::atomic<bool> is_held{false};
  bool was_called = false;
  side_by_side(1, 2, [&](int i) {
    if (i == 0) {
      const std::scoped_lock held(plain, recursive);
      is_held = true;
      weft::this_fiber::sleep_for(1ms);
      is_held = false;
      return;
    }
    yield_until([&] { return is_held.load(); });
    std::call_once(flag, [&] {
      const std::scoped_lock held(recursive, plain);
      was_called = !is_held;
    });
  });
  EXPECT_TRUE(was_called);
}

// Memory of a page of its own, so that any touch after the end is the end of the process.
template <class T>
class on_a_page {
 public:
  on_a_page() : page_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    ::new (page_) T;
  }
  T* operator->() const { return static_cast<T*>(page_); }
  void end() const {
    static_cast<T*>(page_)->~T();
    ::munmap(page_, 4096);
  }

 private:
  void* page_;
};

struct shared_by_two {
  std::mutex mutex;
  int users = 2;
};

TEST(faults, a_mutex_is_gone_as_soon_as_its_last_user_has_unlocked_it) {
  at_each_width([](std::size_t workers) {
    constexpr int k_rounds = 100;
    std::vector<on_a_page<shared_by_two>> all(k_rounds);
    const auto leave = [&](int i) {
      const auto& mine = all[static_cast<std::size_t>(i)];
      mine->mutex.lock();
      const bool was_last = --mine->users == 0;
      if (!was_last && weft::detail::on_fiber()) weft::this_fiber::yield();
      mine->mutex.unlock();
      if (was_last) mine.end();
    };
    std::thread beside([&] {
      for (int i = 0; i < k_rounds; i += 2) leave(i);
    });
    side_by_side(workers, k_rounds + k_rounds / 2, [&](int i) { leave(i < k_rounds ? i : (i - k_rounds) * 2 + 1); });
    beside.join();
  });
}

struct waited_for {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
};

TEST(faults, a_condition_is_gone_as_soon_as_who_waited_is_woken) {
  at_each_width([](std::size_t workers) {
    std::vector<on_a_page<waited_for>> all(60);
    side_by_side(workers, 120, [&](int i) {
      const auto& mine = all[static_cast<std::size_t>(i / 2)];
      if (i % 2 == 0) {
        {
          std::unique_lock lock(mine->mutex);
          mine->changed.wait(lock, [&] { return mine->is_over; });
        }
        mine.end();
      } else {
        const std::scoped_lock held(mine->mutex);
        mine->is_over = true;
        i % 4 == 1 ? mine->changed.notify_one() : mine->changed.notify_all();
      }
    });
  });
}

struct posted {
  posted() { sem_init(&semaphore, 0, 0); }
  ~posted() { sem_destroy(&semaphore); }
  sem_t semaphore;
};

TEST(faults, a_semaphore_is_gone_as_soon_as_its_waiter_has_it) {
  at_each_width([](std::size_t workers) {
    std::vector<on_a_page<posted>> all(60);
    std::thread beside([&] {
      for (int i = 0; i < 60; i += 2) sem_post(&all[static_cast<std::size_t>(i)]->semaphore);
    });
    side_by_side(workers, 90, [&](int i) {
      if (i >= 60) return (void)sem_post(&all[static_cast<std::size_t>((i - 60) * 2 + 1)]->semaphore);
      const auto& mine = all[static_cast<std::size_t>(i)];
      EXPECT_EQ(sem_wait(&mine->semaphore), 0);
      mine.end();
    });
    beside.join();
  });
}

TEST(faults, a_thread_gives_back_what_fibers_wait_for) {
  at_each_width([](std::size_t workers) {
    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> is_held{false};
    std::atomic<int> begun{0}, waiting{0};
    bool open = false;
    std::thread beside([&] {
      mutex.lock();
      is_held = true;
      while (begun != 20) std::this_thread::yield();
      mutex.unlock();
      while (waiting != 20) std::this_thread::yield();
      const std::scoped_lock held(mutex);
      open = true;
      changed.notify_all();
    });
    while (!is_held) std::this_thread::yield();
    side_by_side(workers, 20, [&](int) {
      ++begun;
      std::unique_lock lock(mutex);
      ++waiting;
      changed.wait(lock, [&] { return open; });
    });
    beside.join();
    EXPECT_EQ(waiting, 20);
  });
}

// A writer that waits keeps readers out, if the lock prefers writers, until it gives up.
TEST(faults, readers_come_in_when_a_thread_has_given_up_to_write) {
  pthread_rwlockattr_t kind;
  pthread_rwlockattr_init(&kind);
  pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_t lock;
  pthread_rwlock_init(&lock, &kind);
  weft::run(weft::options{.workers = 2}, [&] {
    ASSERT_EQ(pthread_rwlock_rdlock(&lock), 0);
    std::thread writer([&] {
      timespec until{};
      clock_gettime(CLOCK_REALTIME, &until);
      until.tv_nsec += 5'000'000;
      until.tv_sec += until.tv_nsec / 1'000'000'000;
      until.tv_nsec %= 1'000'000'000;
      EXPECT_EQ(pthread_rwlock_timedwrlock(&lock, &until), ETIMEDOUT);
    });
    weft::spawn([&] {
      EXPECT_EQ(pthread_rwlock_rdlock(&lock), 0);
      EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);
    }).join();
    writer.join();
    EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);
  });
  pthread_rwlock_destroy(&lock);
}

// It holds the mutex, and dies.
void die_with(pthread_mutex_t& mutex) {
  std::thread([&] { EXPECT_EQ(pthread_mutex_lock(&mutex), 0); }).join();
}

TEST(faults, a_wait_for_a_condition_tells_that_the_owner_of_its_mutex_has_died) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  for (const bool on_fiber : {false, true}) {
    pthread_mutex_t mutex;
    pthread_mutex_init(&mutex, &kind);
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    std::atomic<bool> waits{false};
    const auto wait = [&] {
      EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
      waits = true;
      EXPECT_EQ(pthread_cond_wait(&changed, &mutex), EOWNERDEAD);
      EXPECT_EQ(pthread_mutex_consistent(&mutex), 0);
      EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
    };
    std::thread waiter([&] { on_fiber ? weft::run(weft::options{.workers = 1}, wait) : wait(); });
    while (!waits) std::this_thread::yield();
    die_with(mutex);
    pthread_cond_signal(&changed);
    waiter.join();
    pthread_mutex_destroy(&mutex);
  }
}

// Uses the locks of the parent, one of which is its own, as a child with one thread can.
[[noreturn]] void live_as_child(std::mutex& held, std::mutex& other, sem_t& semaphore) {
  ::alarm(20);
  held.unlock();
  held.lock();
  std::condition_variable nobody;
  nobody.notify_all();
  if (other.try_lock()) other.unlock();
  while (sem_trywait(&semaphore) == 0) continue;
  sem_post(&semaphore);
  const bool is_right = sem_wait(&semaphore) == 0;
  held.unlock();
  ::_exit(is_right ? 0 : 1);
}

TEST(faults, a_child_of_fork_has_libcs_locks) {
  for (const std::size_t workers : {1, 4}) {
    std::mutex held, other;
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    std::atomic<bool> is_over{false};
    std::thread beside([&] {
      for (; !is_over; sem_post(&semaphore))
        if (other.try_lock()) other.unlock();
    });
    side_by_side(workers, 6, [&](int i) {
      if (i != 0) {
        for (; !is_over; weft::this_fiber::yield()) {
          const std::scoped_lock mine(i % 2 == 0 ? held : other);
          sem_wait(&semaphore);
        }
        return;
      }
      for (int round = 0; round < 10; ++round) {
        held.lock();
        weft::this_fiber::yield();
        const pid_t child = ::fork();
        if (child == 0) live_as_child(held, other, semaphore);
        held.unlock();
        int status = -1;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
      }
      is_over = true;
      for (int each = 1; each < 6; ++each) sem_post(&semaphore);  // they wait once more at most
    });
    beside.join();
    sem_destroy(&semaphore);
  }
}

sem_t g_posted;
std::atomic<int> g_handled{0};
void post(int) {
  sem_post(&g_posted);
  ++g_handled;
}

// Interrupts a thread, and a worker, in the middle of what the lot does; each handler posts.
TEST(faults, a_signal_handler_posts_to_fibers) {
  constexpr int k_signals = 8;
  struct sigaction handles {
  }, before{};
  handles.sa_handler = &post;
  handles.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &handles, &before);
  at_each_width([](std::size_t workers) {
    sem_init(&g_posted, 0, 0);
    g_handled = 0;
    sem_t busy;
    sem_init(&busy, 0, 0);
    std::mutex mutex;
    std::atomic<bool> is_over{false};
    std::atomic<pthread_t> victims[2] = {};
    std::thread beside([&] {
      victims[0] = pthread_self();
      for (; !is_over; sem_post(&busy)) {
        const std::scoped_lock held(mutex);
      }
    });
    std::thread sender([&] {
      while (victims[0] == pthread_t{} || victims[1] == pthread_t{}) std::this_thread::yield();
      for (int i = 0; i < k_signals; ++i) {
        pthread_kill(victims[i % 2], SIGUSR1);
        while (g_handled == i) std::this_thread::yield();
      }
    });
    side_by_side(workers, 8, [&](int i) {
      if (i == 0) {
        victims[1] = pthread_self();
        for (int got = 0; got < k_signals; ++got) EXPECT_EQ(sem_wait(&g_posted), 0);
        sender.join();  // before its victims end
        is_over = true;
        for (int each = 1; each < 8; ++each) sem_post(&busy);
        return;
      }
      while (!is_over) {
        sem_wait(&busy);
        const std::scoped_lock held(mutex);
      }
    });
    beside.join();
    int left = -1;
    sem_getvalue(&g_posted, &left);
    EXPECT_EQ(left, 0);
    sem_destroy(&busy);
    sem_destroy(&g_posted);
  });
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
