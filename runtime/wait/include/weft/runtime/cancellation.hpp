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
//
// A destructor that waits. At the end of a scope, with no exception in flight, a destructor is like any other code: a
// fiber that is asked to end hears of it at the next cancellation point in there, and as a destructor is noexcept, the
// process ends. One that sends, receives, sleeps, does I/O, or locks (stuck_watch.hpp) begins with a guard:
//
//   ~lease() {
//     const weft::shield_guard guard;      // or: weft::shield([&] { pool_.send(std::move(item_)); });
//     pool_.send(std::move(item_));        // given back, whatever the fiber was asked meanwhile
//   }
//
// The wait is then waited for, also by the end of the runtime: let it be one that ends.
// Next: park.hpp (wake_reason::cancelled), runtime/README.md "Cancellation".

#include <type_traits>
#include <utility>

#include <weft/runtime/park.hpp>

namespace weft::detail {
struct cancel_scope;
struct cancelled_access;
struct fiber_block;
}  // namespace weft::detail

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
// the yield is not a cancellation point. True: on a fiber.
bool switch_point() noexcept;

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

// shield as an object: while one lives, no cancellation is delivered to the fiber that made it, nor a time limit around
// it. They nest, with each other and with shield; what was asked for is delivered at the first cancellation point after
// the last one. A time limit that begins while it lives holds. Neither making nor destroying one is a switch point. Not
// movable; a fiber destroys its own ones, in the scope of the time limit where it made them (checked). On a plain
// thread, which nobody cancels, it does nothing.
class [[nodiscard]] shield_guard {
 public:
  shield_guard() noexcept;
  ~shield_guard();
  shield_guard(const shield_guard&) = delete;
  shield_guard& operator=(const shield_guard&) = delete;

 private:
  detail::fiber_block* const fiber_;  // null: a plain thread
  detail::cancel_scope* const scope_;
};

}  // namespace weft

#pragma GCC visibility pop
