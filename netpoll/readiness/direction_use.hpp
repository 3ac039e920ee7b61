#pragma once
// Room: netpoll. One call on a descriptor, from its entry to its end: the turn at a direction, and the waits for
// readiness. Streams, listeners and signal sources are written on these two classes; nothing else waits for a
// descriptor. Protocols: "Taking turns" and "Closing" (use_word.hpp), "Readiness" (readiness_word.hpp).

#include <chrono>
#include <system_error>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/runtime/park.hpp>

#include "descriptor_block.hpp"
#include "shortage.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

// What to do if the kernel has no memory to watch one more, or may not for this user.
enum class if_short : std::uint8_t { fail, watch_later };

// Takes over `fd`, and has the calling fiber's runtime watch it; if that fails `fd` keeps it. `writable`: whether a
// write is worth trying before an event says so; a read always is. Throws std::logic_error outside a runtime.
// One that is watched later ("Late", direction_use.cpp) is as good as any other, only slower: its calls try now and
// then.
[[nodiscard]] descriptor watch_descriptor(unique_fd& fd, bool writable, std::error_code& ec,
                                          if_short when_short = if_short::fail);

// The same for one whose open description others may have as well: it is taken out of the poller before it is closed,
// which alone would not do it. One that cannot be watched, because it never waits (/dev/null), is always ready.
[[nodiscard]] descriptor watch_shared_descriptor(unique_fd& fd, std::error_code& ec);

// Takes over `fd` and has nobody watch it: for calls that hold no direction. Needs no runtime.
[[nodiscard]] descriptor hold_descriptor(unique_fd& fd, std::error_code& ec);

// Waits of this direction, those in progress included, end at `until`.
[[nodiscard]] std::error_code set_deadline(const descriptor& of, direction d, deadline until) noexcept;

// Wins the wait that a readiness word names. Empty if it names nobody, or others were first.
[[nodiscard]] weft::detail::claimed claim_waiter(waiter_id id, weft::detail::wake_reason reason) noexcept;

// A call that holds no direction and does not wait: while it lives the number of the descriptor is not reused.
class descriptor_use {
 public:
  explicit descriptor_use(const descriptor& of) noexcept;
  ~descriptor_use();
  descriptor_use(const descriptor_use&) = delete;
  descriptor_use& operator=(const descriptor_use&) = delete;

  // bad_file_descriptor if it is closed: then there is no fd().
  [[nodiscard]] std::error_code error() const noexcept;
  [[nodiscard]] int fd() const noexcept;

 private:
  descriptor_block* block_;
};

// A call that reads, or writes. Entering is a cancellation point, spends one of the fiber's operations, and parks while
// another call holds the direction. Throws weft::cancelled, std::logic_error outside a runtime.
class direction_use {
 public:
  // `call` is for the error outside a runtime, `label` for dumps: both string literals.
  direction_use(const descriptor& of, direction d, const char* call, weft::detail::wait_label label);
  ~direction_use();
  direction_use(const direction_use&) = delete;
  direction_use& operator=(const direction_use&) = delete;

  // Why it could not enter; then nothing else may be called.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] descriptor_block& block() const noexcept { return *block_; }

  // U1, U4 to U6: parks until the system call is worth trying; an error if that will not be. Throws weft::cancelled.
  [[nodiscard]] std::error_code await_ready();

  // For calls that were refused and ought to be tried again: parks for so long, or until a descriptor of ours is closed
  // (shortage.hpp). An error if the direction was closed meanwhile, or its deadline has passed. A cancellation point:
  // throws weft::cancelled. `label` as above.
  [[nodiscard]] std::error_code pause(std::chrono::milliseconds length, weft::detail::wait_label label);

  // U3: the call that await_ready sent us to would block.
  void note_would_block() noexcept { ready_->clear(seen_); }

  // U3, the same for one that has got some bytes and left the queue empty. Believed only of a healthy stream.
  void note_drained() noexcept {
    if (!readiness::is_doubtful(seen_)) ready_->clear(seen_);
  }

 private:
  [[nodiscard]] std::error_code enter();
  [[nodiscard]] std::error_code wait_for_turn();
  [[nodiscard]] std::error_code wait_for_event();
  [[nodiscard]] bool is_watched();
  [[nodiscard]] std::error_code past_deadline() const noexcept;
  void leave_queue(weft::detail::wait_node& node) noexcept;
  void leave_direction() noexcept;
  void hand_over() noexcept;

  descriptor_block* block_;
  readiness* ready_ = nullptr;
  readiness::word seen_ = 0;
  direction direction_;
  weft::detail::wait_label label_;
  std::error_code error_;
  back_off late_;
};

}  // namespace weft::net::detail
