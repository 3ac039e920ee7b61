#pragma once
// Room: posix. How a call of this room waits: tried first, then parked until the descriptor is worth another try. What
// it owns is the wait of one call, its time limit and its errors; how readiness comes is netpoll's ("Waiting by
// number", foreign_table.hpp there).

#include <chrono>
#include <cstdint>

#include <weft/netpoll/detail/foreign_wait.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>

namespace weft::posix {

// First line of each call. False: straight to libc. Spends one of the fiber's operations.
[[nodiscard]] bool enter() noexcept;

// In a signal handler on a stack of its own, which has to be left by who came there: whatever waits, blocks. A system
// call: for who would wait otherwise.
[[nodiscard]] bool is_in_handler() noexcept;

// For a call that would wait: false if it has to do so by really blocking, because nobody can park here (a simulation,
// such a handler).
[[nodiscard]] bool can_park() noexcept;

void set_error(int number) noexcept;
void set_host_error(int number) noexcept;  // h_errno
// Sets errno, and returns -1.
int fail(int number) noexcept;

// Caller-chosen: such a call says EAGAIN, and never waits.
[[nodiscard]] bool is_nonblocking(int fd) noexcept;

// Which of a socket's time limits is the call's.
enum class limit : std::uint8_t { none, receive, send };

// Parks for so long, or until then. 0, or ECANCELED; ETIMEDOUT if `until` came first.
[[nodiscard]] int pause(std::chrono::milliseconds length, deadline until, weft::detail::wait_label label) noexcept;

// How long the next pause is, after so many of them.
[[nodiscard]] std::chrono::milliseconds pause_after(std::uint32_t count) noexcept;

// Of one descriptor, for the length of a call.
class patience {
 public:
  // `events` are poll's. `label` is for dumps, a string literal.
  patience(int fd, short events, limit by, weft::detail::wait_label label) noexcept
      : fd_(fd), events_(events), limit_(by), label_(label) {}

  // 0: try again. Else the error: ECANCELED, or ETIMEDOUT.
  [[nodiscard]] int wait() noexcept;
  [[nodiscard]] int wait_for(short events) noexcept { return events_ = events, wait(); }

  // The same, where no event will tell: after a while.
  [[nodiscard]] int wait_a_while() noexcept { return pause(pause_after(looks_++), until(), label_); }

  // Something was moved: what comes now is a new wait, of the same time.
  void note_progress() noexcept { looks_ = 0; }

 private:
  [[nodiscard]] deadline until() noexcept;

  int fd_;
  short events_;
  limit limit_;
  bool has_deadline_ = false;
  std::uint32_t looks_ = 0;  // since the last progress
  weft::detail::wait_label label_;
  deadline until_;
};

// The wait of any number of descriptors (patience is the one for one).
[[nodiscard]] int error_of(weft::net::detail::foreign_end end) noexcept;

// So many events in a row that were worth nothing are somebody else's luck (another reader), or events that say nothing
// of this call: a datagram socket is writable though its peer has no room. From then on looks are spaced out.
inline constexpr std::uint32_t k_quick_looks = 16;

}  // namespace weft::posix
