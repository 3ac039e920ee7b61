// Room: netpoll. See splice_calls.hpp.

#include "splice_calls.hpp"

#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "calling.hpp"

namespace weft::net::detail {

namespace {

// splice has no MSG_NOSIGNAL. While one lives, a SIGPIPE that this thread's own call raises is held back, and then
// taken off; one that was pending before stays so.
class held_sigpipe {
 public:
  held_sigpipe() noexcept {
    sigset_t pending;
    sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&only_);
    sigaddset(&only_, SIGPIPE);
    if (!was_pending_) ::pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  ~held_sigpipe() {
    if (was_pending_) return;
    if (may_be_raised_) {
      const timespec at_once{};
      static_cast<void>(repeat([&] { return ::sigtimedwait(&only_, nullptr, &at_once); }));
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  held_sigpipe(const held_sigpipe&) = delete;
  held_sigpipe& operator=(const held_sigpipe&) = delete;

  void note_may_be_raised() noexcept { may_be_raised_ = true; }

 private:
  sigset_t only_;
  sigset_t before_;
  bool was_pending_ = false;
  bool may_be_raised_ = false;
};

// no faults: those who call it draw them, by transfer.
ssize_t splice(int from, int to, std::size_t most) noexcept {
  return ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

}  // namespace

std::error_code open_splice_pipe(splice_ends& ends) noexcept {
  int both[2];
  const opened got = open_with([&both] { return ::pipe2(both, O_CLOEXEC | O_NONBLOCK); });
  if (got.error) return got.error;
  ends = {both[0], both[1]};
  // Refused, beyond so many pages of one user's pipes: then it has the size that it has.
  static_cast<void>(::fcntl(ends.in, F_SETPIPE_SZ, static_cast<int>(k_splice_pipe_size)));
  return {};
}

transferred splice_from_socket(int socket, int pipe, std::size_t most) noexcept {
  transferred got = transfer(socket, most, ECONNRESET, [&](std::size_t n) { return splice(socket, pipe, n); });
  got.drained = false;
  return got;
}

transferred splice_to_socket(int pipe, int socket, std::size_t most) noexcept {
  held_sigpipe held;
  const transferred put = transfer(socket, most, EPIPE, [&](std::size_t n) { return splice(pipe, socket, n); });
  // One that has moved some bytes before the connection broke tells of these, and raises it all the same.
  if (put.count < most) held.note_may_be_raised();
  return put;
}

bool is_unspliceable(const std::error_code& ec) noexcept { return ec == std::errc::invalid_argument; }

}  // namespace weft::net::detail
