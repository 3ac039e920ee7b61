// Room: netpoll. See syscalls.hpp.

#include "syscalls.hpp"

#include <unistd.h>

#include "calling.hpp"

namespace weft::net::detail {

// no faults: it cannot fail, and a test's would be an edge that is lost.
void raise_event(int fd) noexcept {
  const int kept = last_error();
  const std::uint64_t one = 1;
  // Cannot fail but where it was raised so often that there is no room: and then it is readable all the same.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof(one));
  restore_error(kept);
}

// no faults: an event that stays raised is lowered at the next look.
void lower_event(int fd) noexcept {
  std::uint64_t raised = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &raised, sizeof(raised));
}

// Needs no memory: of all faults only an interruption is one that it meets.
std::error_code change_signal_action(int signal, const struct sigaction& to, struct sigaction& from) noexcept {
  return repeat([&] { return ::sigaction(signal, &to, &from); }) < 0 ? last_error_code() : std::error_code();
}

// Not repeated: Linux has freed the number even if a signal interrupted the rest. no faults: nobody hears of them.
void close_descriptor(int fd) noexcept { ::close(fd); }

bool is_exhaustion(const std::error_code& ec) noexcept {
  if (ec.category() != std::system_category()) return false;
  const int n = ec.value();
  return n == EMFILE || n == ENFILE || n == ENOBUFS || n == ENOMEM || n == ENOSPC;
}

}  // namespace weft::net::detail
