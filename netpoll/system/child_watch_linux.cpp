// Room: netpoll. See child_watch.hpp. Linux: a child is named by a descriptor, which nobody else is ever named by,
// while its number may be another's as soon as somebody has reaped it.

#include <csignal>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calling.hpp"
#include "child_watch.hpp"

namespace weft::net::detail {

namespace {

// Older headers name neither.
constexpr long k_pidfd_send_signal = 424;              // Linux 5.1
constexpr long k_pidfd_open = 434;                     // Linux 5.3
constexpr auto k_by_pidfd = static_cast<idtype_t>(3);  // Linux 5.4

}  // namespace

opened open_child_watch(pid_t pid) noexcept {
  return open_with([pid] { return static_cast<int>(::syscall(k_pidfd_open, pid, 0u)); });
}

reaped reap_child(pid_t, int watch) noexcept {
  siginfo_t info{};
  if (auto ec = outcome([&] { return ::waitid(k_by_pidfd, static_cast<id_t>(watch), &info, WEXITED | WNOHANG); }))
    return {ec != std::errc::interrupted, -1, 0, false, ec};
  if (info.si_pid == 0) return {};
  if (info.si_code == CLD_EXITED) return {true, info.si_status, 0, false, {}};
  return {true, -1, info.si_status, info.si_code == CLD_DUMPED, {}};
}

// no faults: it repeats what interrupts it, and nothing else happens to it.
void await_over(pid_t, int watch) noexcept {
  siginfo_t info{};
  while (::waitid(k_by_pidfd, static_cast<id_t>(watch), &info, WEXITED | WNOWAIT) != 0 && last_error() == EINTR) {
  }
}

std::error_code signal_child(pid_t pid, int watch, int signal, bool group) noexcept {
  // Its leader may have left it, for a group or session of its own.
  if (group && !outcome([&] { return ::kill(-pid, signal); })) return {};
  return outcome([&] { return ::syscall(k_pidfd_send_signal, watch, signal, nullptr, 0u); });
}

}  // namespace weft::net::detail
