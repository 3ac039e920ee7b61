// Room: netpoll. See child_watch.hpp. macOS and FreeBSD: a kqueue of its own for each child, which is readable once the
// child's end stands in it, for nobody takes it out. The child itself is named by its number: whoever reaps children
// that are not his may give that number to another.

#include <csignal>

#include <fcntl.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/wait.h>

#include "calling.hpp"
#include "child_watch.hpp"
#include "child_watch_emulation.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

namespace {

std::error_code change(int queue, std::uintptr_t of, short filter, unsigned short flags, unsigned notes) noexcept {
  struct kevent wanted {};
  wanted.ident = of;
  wanted.filter = filter;
  wanted.flags = flags;
  wanted.fflags = notes;
  return outcome([&] { return ::kevent(queue, &wanted, 1, nullptr, 0, nullptr); });
}

// no faults: it asks, and takes nothing.
bool is_ended_and_ours(pid_t pid) noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

std::error_code watch_end(int queue, pid_t pid) noexcept {
  const auto of = static_cast<std::uintptr_t>(pid);
  std::error_code ec = change(queue, of, EVFILT_PROC, EV_ADD, NOTE_EXIT);
  if (ec != std::errc::no_such_process || !is_ended_and_ours(pid)) return ec;
  // It was quicker: what it would have told is told by hand.
  ec = change(queue, of, EVFILT_USER, EV_ADD, 0);
  return ec ? ec : change(queue, of, EVFILT_USER, 0, NOTE_TRIGGER);
}

}  // namespace

opened open_child_watch(pid_t pid) noexcept {
  const opened queue = open_with([] { return ::kqueue(); });
  if (queue.error) return queue;
  unique_fd fd(queue.fd);
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  if (auto ec = watch_end(fd.get(), pid)) return {-1, ec};
  return readable_as(fd, pid);
}

reaped reap_child(pid_t pid, int watch) noexcept {
  int status = 0;
  const pid_t found = repeat([&] { return ::waitpid(pid, &status, WNOHANG); });
  if (found == 0) return {};
  if (found < 0) {
    const std::error_code ec = last_error_code();
    if (ec == std::errc::interrupted) return {};
    note_reaped(pid, watch);
    return {true, -1, 0, false, ec};
  }
  note_reaped(pid, watch);
  if (WIFEXITED(status)) return {true, WEXITSTATUS(status), 0, false, {}};
  return {true, -1, WTERMSIG(status), WCOREDUMP(status) != 0, {}};
}

// no faults: it repeats what interrupts it, and nothing else happens to it.
void await_over(pid_t pid, int) noexcept {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && last_error() == EINTR) {
  }
}

std::error_code signal_child(pid_t pid, int, int signal, bool group) noexcept {
  // Its leader may have left it, for a group or session of its own.
  if (group && !outcome([&] { return ::kill(-pid, signal); })) return {};
  return outcome([&] { return ::kill(pid, signal); });
}

}  // namespace weft::net::detail
