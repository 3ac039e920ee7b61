// std_shim, interpose: sleeps, and waits for signals.

#include <cerrno>
#include <csignal>
#include <ctime>

#include <sched.h>
#include <threads.h>
#include <unistd.h>

#include <weft/runtime/this_fiber.hpp>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

WEFT_TAKES int nanosleep(const timespec* length, timespec* left) {
  return pass(taken::nanosleep, WEFT_CALLER, posix::nanosleep, real().nanosleep, length, left);
}
WEFT_TAKES int clock_nanosleep(clockid_t clock, int flags, const timespec* length, timespec* left) {
  return pass(taken::clock_nanosleep, WEFT_CALLER, posix::clock_nanosleep, real().clock_nanosleep, clock, flags, length,
              left);
}
WEFT_TAKES int usleep(useconds_t microseconds) {
  return pass(taken::usleep, WEFT_CALLER, posix::usleep, real().usleep, microseconds);
}
WEFT_TAKES unsigned sleep(unsigned seconds) {
  return pass(taken::sleep, WEFT_CALLER, posix::sleep, real().sleep, seconds);
}
WEFT_ALSO(__nanosleep, nanosleep);

// C11's: -1 if a signal came, -2 for every other error.
WEFT_TAKES int thrd_sleep(const timespec* length, timespec* left) {
  const auto ours = [](const timespec* l, timespec* rest) noexcept {
    if (posix::nanosleep(l, rest) == 0) return 0;
    return last_error() == EINTR ? -1 : -2;
  };
  return pass(taken::thrd_sleep, WEFT_CALLER, ours, real().thrd_sleep, length, left);
}

// Others run, as they would on other threads: a program may turn round and round until one of them has done its part.
namespace {
int let_others_run() noexcept {
  weft::shield([] { weft::this_fiber::yield(); });
  return 0;
}
}  // namespace

WEFT_TAKES int sched_yield() noexcept {
  return pass(taken::sched_yield, WEFT_CALLER, let_others_run, real().sched_yield);
}
WEFT_TAKES void thrd_yield() { (void)pass(taken::thrd_yield, WEFT_CALLER, let_others_run, real().sched_yield); }

WEFT_TAKES int sigwait(const sigset_t* set, int* number) {
  return pass(taken::sigwait, WEFT_CALLER, posix::sigwait, real().sigwait, set, number);
}
WEFT_TAKES int sigwaitinfo(const sigset_t* set, siginfo_t* what) {
  return pass(taken::sigwaitinfo, WEFT_CALLER, posix::sigwaitinfo, real().sigwaitinfo, set, what);
}
WEFT_TAKES int sigtimedwait(const sigset_t* set, siginfo_t* what, const timespec* length) {
  return pass(taken::sigtimedwait, WEFT_CALLER, posix::sigtimedwait, real().sigtimedwait, set, what, length);
}
