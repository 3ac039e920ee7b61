// Room: runtime. See process_defaults.hpp.

#include "process_defaults.hpp"

#include <cerrno>
#include <cfenv>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weft::detail {

void take_default_float_environment() noexcept { std::fesetenv(FE_DFL_ENV); }

namespace {

// One system call each that fails, or says what is so already, in nearly every process; 0 is the calling thread.

void take_processors_of(pid_t main) noexcept {
  cpu_set_t allowed;  // more processors than it holds: the call fails
  if (::sched_getaffinity(main, sizeof allowed, &allowed) == 0) ::sched_setaffinity(0, sizeof allowed, &allowed);
}

void take_policy_of(pid_t main) noexcept {
  const int policy = ::sched_getscheduler(main);
  sched_param parameters{};
  if (policy >= 0 && ::sched_getparam(main, &parameters) == 0) ::sched_setscheduler(0, policy, &parameters);
}

void take_nice_value_of(pid_t main) noexcept {
  errno = 0;  // -1 is a value, too
  const int nice_value = ::getpriority(PRIO_PROCESS, static_cast<id_t>(main));
  if (errno == 0) ::setpriority(PRIO_PROCESS, 0, nice_value);
}

}  // namespace

// On Linux a thread is named by its number, and the main thread's is the process's.
void take_processors_and_scheduling_of_main_thread() noexcept {
  const pid_t main = ::getpid();
  take_processors_of(main);
  take_policy_of(main);
  take_nice_value_of(main);
}

}  // namespace weft::detail
