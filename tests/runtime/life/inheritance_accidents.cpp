// Room: tests. What threads of ours and children inherit, in processes of their own: helper threads are the process's,
// and so are the actions of signals.

#include <array>
#include <atomic>
#include <cfenv>
#include <csignal>
#include <cstdio>

#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

int processors() {
  cpu_set_t allowed;
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : -1;
}

void stay_on_one_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

// 0 if it is so.
ACCIDENT(helper_made_by_a_fiber_with_a_thread_of_its_own_kind) {
  const int all = processors();
  return weft::run([all] {
    const weft::pin_guard here;
    std::fesetround(FE_UPWARD);
    stay_on_one_processor();
    const auto is_default = [all] { return std::fegetround() == FE_TONEAREST && processors() == all; };
    const bool was_default = weft::blocking(is_default);
    weft::blocking([] { std::fesetround(FE_DOWNWARD); });
    return was_default && weft::blocking(is_default) && std::fegetround() == FE_UPWARD ? 0 : 1;
  });
}

// A child that signals itself, and lives on if that is blocked. Its end as waitpid tells it.
int end_of_child() {
  char shell[] = "sh", option[] = "-c", script[] = "kill -TERM $$; exit 3";
  std::array<char*, 4> words{shell, option, script, nullptr};
  pid_t child = 0;
  int status = -1;
  if (::posix_spawnp(&child, "sh", nullptr, nullptr, words.data(), environ) == 0) ::waitpid(child, &status, 0);
  return status;
}

bool is_ended_by_sigterm(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM; }

// 0 if all can be ended.
ACCIDENT(children_of_a_fiber_and_of_a_helper) {
  return weft::run([] {
    const bool of_fiber = is_ended_by_sigterm(end_of_child());
    const bool of_helper = is_ended_by_sigterm(weft::blocking(end_of_child));
    return of_fiber && of_helper ? 0 : 1;
  });
}

ACCIDENT(child_of_a_fiber_whose_runtime_was_made_with_sigterm_blocked) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  return weft::run(
      [] { return WEXITSTATUS(end_of_child()) == 3 && WEXITSTATUS(weft::blocking(end_of_child)) == 3 ? 0 : 1; });
}

ACCIDENT(sigterm_raised_in_a_fiber) {
  weft::run([] { ::raise(SIGTERM); });
  return 0;
}

std::atomic<int> g_handled{0};

ACCIDENT(handler_of_what_a_fiber_and_a_helper_raise) {
  struct sigaction counts {};
  counts.sa_handler = [](int) { ++g_handled; };
  counts.sa_flags = SA_ONSTACK;
  ::sigaction(SIGUSR2, &counts, nullptr);
  return weft::run([] {
    ::raise(SIGUSR2);
    if (g_handled != 1) return 1;
    weft::blocking([] { ::raise(SIGUSR2); });
    return g_handled == 2 ? 0 : 2;
  });
}

}  // namespace
