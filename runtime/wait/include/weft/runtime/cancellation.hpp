#pragma once
// Room: runtime. Cancellation as the operations of other rooms see it. It is level-triggered: once a fiber is asked to
// end, every cancellation point throws, until the fiber has ended; once a time limit is over (with_timeout.hpp), until
// its scope ends. Held back by shield, and while an exception is in flight.
//
// "Ending together". A request asks many at once: the end of a runtime all its fibers, a cancelled group its members, a
// time limit those inside. The first to unwind closes what it holds (a stream, a channel, a promise), and so wakes
// others with that for an answer, who were asked by the same request and have not heard of it yet. They must hear of
// their own end, not of the other's. So
//   E1 whoever asks makes the request visible to all whom it asks, before it ends the first wait;
//   E2 an operation whose answer may come from another's end (end of stream, an error of a connection, closed, broken,
//      cancelled) is a cancellation point once more when it has got it. What took effect is told all the same.
// Next: park.hpp (wake_reason::cancelled), runtime/README.md "Cancellation".

#include <type_traits>
#include <utility>

#include <weft/runtime/park.hpp>

namespace weft::detail {
struct cancelled_access;
}

#pragma GCC visibility push(default)

namespace weft {

// Thrown by cancellation points. Not derived from std::exception, so that `catch (const std::exception&)` cannot
// swallow it; only the runtime makes one. Catch it by reference and rethrow it, or let it pass.
class cancelled {
 public:
  [[nodiscard]] const char* what() const noexcept { return "weft: the fiber was cancelled"; }

 private:
  friend struct detail::cancelled_access;
  cancelled() = default;
};

namespace detail {

// First line of every operation that may park: spends one of the running fiber's budget of operations and yields when
// it is spent (a fiber whose operations are always ready would starve the others). Nothing on a plain thread. noexcept:
// the yield is not a cancellation point.
void switch_point() noexcept;

// The same, and throws weft::cancelled if the fiber is asked to end (and delivery is not held back).
void cancellation_point();
void cancellation_point(waiter& self);  // by who has asked already for this_waiter()

// Both at once, for operations that are called often: a cancellation point, and then this_waiter().
[[nodiscard]] waiter& cancellable_self();

// Throws weft::cancelled: for an operation whose park returned wake_reason::cancelled, after it has left every list.
[[noreturn]] void throw_cancelled();

// While one lives on a fiber, nothing is delivered to that fiber. They nest. Every destructor of ours that waits holds
// one.
class shield_scope {
 public:
  shield_scope() noexcept;
  ~shield_scope();
  shield_scope(const shield_scope&) = delete;
  shield_scope& operator=(const shield_scope&) = delete;
};

}  // namespace detail

// Runs f with cancellation held back, and time limits around it; what was asked for meanwhile is delivered at the next
// cancellation point after. A time limit that begins in f holds.
template <class F>
decltype(auto) shield(F&& f) {
  detail::shield_scope held;
  return std::forward<F>(f)();
}

}  // namespace weft

#pragma GCC visibility pop
