// Room: netpoll. See syscalls.hpp.

#include "syscalls.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "calling.hpp"

namespace weft::net::detail {

opened open_event() noexcept {
  return open_with([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
}

void raise_event(int fd) noexcept {
  const int kept = last_error();
  const std::uint64_t one = 1;
  // Cannot fail but by overflow, after 2^64 - 2 of them: and then the descriptor is readable all the same.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof(one));
  restore_error(kept);
}

void lower_event(int fd) noexcept {
  std::uint64_t raised = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &raised, sizeof(raised));
}

std::error_code change_signal_action(int signal, const struct sigaction& to, struct sigaction& from) noexcept {
  return outcome([&] { return ::sigaction(signal, &to, &from); });
}

// Not repeated: Linux has freed the number even if a signal interrupted the rest.
void close_descriptor(int fd) noexcept { ::close(fd); }

bool is_exhaustion(const std::error_code& ec) noexcept {
  if (ec.category() != std::system_category()) return false;
  const int n = ec.value();
  return n == EMFILE || n == ENFILE || n == ENOBUFS || n == ENOMEM || n == ENOSPC;
}

}  // namespace weft::net::detail
