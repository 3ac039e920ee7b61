// std_shim, interpose: WEFT_INTERPOSE=main. libc calls main by way of __libc_start_main; here main becomes a fiber, of
// a runtime that lasts as long as the process, and the first thread waits beside it. When main returns, its fiber calls
// exit, as libc would; other threads go on meanwhile, as they would. When main leaves by pthread_exit, the process
// lasts until the other threads have ended.
//
// Workers are made to keep signals away, so those of the process come to the first thread, and handlers run there, on
// no fiber. What main asks of its thread's signals (which are blocked; to wait for one) it therefore asks of the first
// thread: on_first_thread. Other threads have a mask in their block, which nobody asks.

#include "main_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <sys/resource.h>
#include <unistd.h>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/sync/event.hpp>

#include "child_mask.hpp"
#include "exports.hpp"
#include "fiber_thread.hpp"
#include "gate.hpp"

namespace weft::interpose {

namespace {

struct program {
  int (*main)(int, char**, char**) = nullptr;
  int argc = 0;
  char** argv = nullptr;
  char** environment = nullptr;
};

// Written before there is a fiber.
program g_program;
pthread_t g_first{};

// What main's fiber wants of the first thread. Its own until `asked`, the first thread's until `answered`. Never
// destroyed: both are there while exit runs. The first thread waits as libc has it, and not as one that weft knows: a
// handler there may wake fibers that all wait, and so they are in no deadlock.
struct request {
  void (*call)(void*) noexcept = nullptr;
  void* argument = nullptr;
  int error = 0;
  sem_t asked{};
  event answered;
};
request* g_request = nullptr;

[[noreturn]] void serve() noexcept {
  for (;;) {
    while (real().sem_wait(&g_request->asked) != 0) continue;  // a handler ran
    g_request->call(g_request->argument);
    g_request->error = last_error();
    g_request->answered.set();
  }
}

void run_program(fiber_thread&) { std::exit(g_program.main(g_program.argc, g_program.argv, g_program.environment)); }

std::size_t stack_of_main() noexcept {
  rlimit limit{};
  constexpr rlim_t k_usual = 8 << 20, k_most = 1 << 30;
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return k_usual;
  return std::min(std::max(limit.rlim_cur, k_usual), k_most);
}

// fork's child has the worker's mask: its own is the one of the thread that forked.
[[gnu::tls_model("initial-exec")]] thread_local const sigset_t* t_forks_with = nullptr;
void keep_mask() noexcept { t_forks_with = mask_for_children(); }
void set_kept_mask() noexcept {
  if (t_forks_with != nullptr) (void)real().pthread_sigmask(SIG_SETMASK, t_forks_with, nullptr);
}

// Never ends: the process does.
int run_as_fiber(int argc, char** argv, char** environment) {
  g_program.argc = argc;
  g_program.argv = argv;
  g_program.environment = environment;
  g_first = real().pthread_self();
  g_request = new request;
  ::sem_init(&g_request->asked, 0, 0);
  ::pthread_atfork(&keep_mask, nullptr, &set_kept_mask);
  sigset_t all, before;  // workers have the mask of the thread that makes the runtime
  sigfillset(&all);
  (void)real().pthread_sigmask(SIG_SETMASK, &all, &before);
  auto* const home = new weft::runtime({.quit = on_quit::dump});
  (void)real().pthread_sigmask(SIG_SETMASK, &before, nullptr);
  home->go({.name = "main", .stack_size = stack_of_main()}, [before] {
    fiber_thread* const own = take_thread();
    own->is_main = true;
    own->mask = before;
    run_as_thread(*own, &run_program);
    end_thread(*own);  // it left by pthread_exit
    wait_for_other_threads();
    std::exit(0);
  });
  serve();
}

bool is_main() noexcept {
  const fiber_thread* const own = this_fiber_thread();
  return own != nullptr && own->is_main && !is_forked_child();
}

// `call` on the first thread; its result.
template <class Call>
int ask_first_thread(Call call) noexcept {
  struct asked_call {
    Call& call;
    int result;
  } asked{call, 0};
  on_first_thread(
      [](void* argument) noexcept {
        auto& mine = *static_cast<asked_call*>(argument);
        mine.result = mine.call();
      },
      &asked);
  return asked.result;
}

// As sigprocmask, of a mask that no thread has.
int change(sigset_t& mask, int how, const sigset_t* set, sigset_t* before) noexcept {
  const sigset_t old = mask;
  if (set != nullptr) {
    if (how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK) return EINVAL;
    if (how == SIG_SETMASK) mask = *set;
    if (how == SIG_BLOCK) ::sigorset(&mask, &mask, set);
    for (int number = 1; how == SIG_UNBLOCK && number <= SIGRTMAX; ++number)
      if (::sigismember(set, number) == 1) ::sigdelset(&mask, number);
  }
  if (before != nullptr) *before = old;
  return 0;
}

// Returns its error.
int change_mask(int how, const sigset_t* set, sigset_t* before, const void* caller) noexcept {
  fiber_thread* const own = this_fiber_thread();
  if (own == nullptr || is_forked_child() || is_ours(caller)) return real().pthread_sigmask(how, set, before);
  if (!own->is_main) return change(own->mask, how, set, before);
  const int error = ask_first_thread([&]() noexcept { return real().pthread_sigmask(how, set, before); });
  if (error == 0 && set != nullptr)
    (void)ask_first_thread([own]() noexcept { return real().pthread_sigmask(SIG_BLOCK, nullptr, &own->mask); });
  return error;
}

}  // namespace

pthread_t first_thread() noexcept { return g_first; }

void on_first_thread(void (*call)(void*) noexcept, void* argument) noexcept {
  const on_one_thread stays;
  const shield_guard held;
  g_request->call = call;
  g_request->argument = argument;
  real().sem_post(&g_request->asked);
  g_request->answered.wait();
  g_request->answered.reset();
  set_error(g_request->error);
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(),
                                 void (*fini)(), void (*loader_fini)(), void* stack_end) {
  if (!threads_are_fibers()) return real().__libc_start_main(main, argc, argv, init, fini, loader_fini, stack_end);
  g_program.main = main;
  const auto ours = [](int count, char** words, char** environment) { return run_as_fiber(count, words, environment); };
  return real().__libc_start_main(ours, argc, argv, init, fini, loader_fini, stack_end);
}

WEFT_TAKES int pthread_sigmask(int how, const sigset_t* set, sigset_t* before) noexcept {
  return change_mask(how, set, before, WEFT_CALLER);
}
WEFT_TAKES int sigprocmask(int how, const sigset_t* set, sigset_t* before) noexcept {
  const int error = change_mask(how, set, before, WEFT_CALLER);
  if (error == 0) return 0;
  set_error(error);
  return -1;
}
WEFT_TAKES int sigpending(sigset_t* set) noexcept {
  return is_main() ? ask_first_thread([set]() noexcept { return real().sigpending(set); }) : real().sigpending(set);
}
WEFT_TAKES int pause() {
  return is_main() ? ask_first_thread([]() noexcept { return real().pause(); }) : real().pause();
}
WEFT_TAKES int sigsuspend(const sigset_t* mask) {
  return is_main() ? ask_first_thread([mask]() noexcept { return real().sigsuspend(mask); }) : real().sigsuspend(mask);
}
WEFT_ALSO(__sigsuspend, sigsuspend);
