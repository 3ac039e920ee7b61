#pragma once
// Room: runtime. The seam through which everything waits: sync, netpoll, timers, join, cancellation; a fiber and a
// plain thread alike. It owns the wait; what is waited for, and the lists of who waits, belong to the callers.
//
// "Waiting", the protocol (runtime/README.md tells it at length; waiting_word.hpp is its code):
//   waiter                                        waker
//   W1 token = arm(...)                           K1 find the token (under the primitive's lock)
//   W2 enqueue the token, drop every lock         K2 if (auto won = claim(token, reason))
//   W3 reason = park(token, deadline, what)       K3   touch the waiter's frame, drop every lock
//   W4 unless it was a waker: dequeue             K4   unpark(won)
// - claim is one compare-and-swap, and exactly one claimant wins each wait. Deadlines, cancellation, close and the
//   other cases of a select are claimants like any other, so nothing that was given is ever lost.
// - Only the winner may touch the waiter's frame, from its claim until its unpark, which it owes. A loser may touch
//   nothing of the waiter. Claiming under the primitive's lock and unparking after it is the usual shape.
// - An unpark that comes before the park is not lost. A token is good for one wait: a stale claim fails, for ever,
//   because the memory behind a token is never given back to the system.
// All functions here are noexcept and none throws `cancelled`: that belongs to the layer above (cancellation.hpp).
// Next: cancellation.hpp, detail/wait_list.hpp.

#include <cstdint>

#include <weft/runtime/deadline.hpp>

namespace weft::detail {
struct waiter;  // a fiber's or a thread's control block; private to runtime
}

#pragma GCC visibility push(default)

namespace weft::detail {

// Names one wait of one fiber or thread. Copyable, 16 bytes; any thread may hold one for ever.
struct wait_token {
  waiter* who = nullptr;
  std::uint64_t generation = 0;
};

// Why a wait ended. The runtime itself claims with timed_out and cancelled, the rest is between waker and waiter.
enum class wake_reason : std::uint8_t {
  ready,      // what was waited for is there
  handed,     // ... and has been made the waiter's own (a lock, a permit)
  closed,     // what was waited for will never come
  again,      // look again: a deadline was moved, a lock may be tried
  timed_out,  // the deadline passed
  cancelled,  // the fiber is asked to end
};

// Whether the end of a fiber's scope may end this wait. Delivery is held back by shield and while an exception unwinds.
enum class cancellation : std::uint8_t {
  ignored,
  honoured,
  unless_stuck,  // ignored, but once a simulation's fibers are all asleep for ever (simulate.hpp), or those that are
  // left at the end of a runtime wait for one another, such a wait may end with `cancelled` all the same: the waiter
  // leaves every list and calls throw_cancelled. For waits that are neither a destructor's nor noexcept
};

// What a claimant has won: the duty to unpark. Converts to false if another claimant was first.
class [[nodiscard]] claimed {
 public:
  constexpr claimed() noexcept = default;
  constexpr claimed(waiter* who, bool was_parked) noexcept : who_(who), was_parked_(was_parked) {}
  constexpr explicit operator bool() const noexcept { return who_ != nullptr; }
  constexpr waiter* who() const noexcept { return who_; }
  constexpr bool was_parked() const noexcept { return was_parked_; }

 private:
  waiter* who_ = nullptr;
  bool was_parked_ = false;
};

// What a dump shows of a parked fiber: a string literal such as "channel receive".
using wait_label = const char*;

// The calling fiber or plain thread: the same all its life, also across parks, so an operation asks once. Its address
// is its identity while it lives (for owners of locks).
[[nodiscard]] waiter& this_waiter() noexcept;

// Begins a wait of the caller, which is `self`. Every arm is ended by exactly one park, or by a disarm that says true.
[[nodiscard]] wait_token arm(waiter& self, cancellation mode) noexcept;
[[nodiscard]] wait_token arm(cancellation mode) noexcept;

// Ends a wait that was armed and turned out not to be needed. False: a claimant was first, and the caller must park to
// meet it (which then returns without waiting for long).
[[nodiscard]] bool disarm(wait_token token) noexcept;

// Parks the calling fiber, or blocks the calling thread, until a claimant of `token` has unparked it. A switch point:
// the fiber may come back on another thread. No lock may be held.
wake_reason park(wait_token token, deadline until, wait_label what) noexcept;

// Any thread. Under locks, or not.
claimed claim(wait_token token, wake_reason reason) noexcept;

// Any thread; at most once for each successful claim, and never under a lock of the primitive. The frame of the waiter
// is gone when it returns. `by`, if the caller has asked already, is this_waiter().
void unpark(claimed won) noexcept;
void unpark(claimed won, const waiter& by) noexcept;

// Now, on the clock of the calling fiber's runtime (virtual under a test's clock), or on the steady clock.
[[nodiscard]] deadline now() noexcept;

// True if that is no real time: waiting moves it, and no other clock.
[[nodiscard]] bool clock_is_virtual() noexcept;

// True inside a fiber of a runtime.
[[nodiscard]] bool on_fiber() noexcept;

// Throws std::logic_error("weft: <call> outside a runtime: ...") unless on_fiber().
void require_fiber(const char* call);

}  // namespace weft::detail

#pragma GCC visibility pop
