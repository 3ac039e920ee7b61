#pragma once
// Room: sync. std::barrier for fibers and plain threads at once: a meeting point, again and again. The phases, and
// "Meeting" in numbered steps, are barrier.cpp's.
// Next: event.hpp.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

struct nothing_to_complete {
  void operator()() const noexcept {}
};

// A barrier without its completion.
class barrier_core {
 public:
  constexpr explicit barrier_core(std::ptrdiff_t expected) noexcept : pending_(expected), expected_(expected) {}
  ~barrier_core() { internal_guard passed(lock_); }
  barrier_core(const barrier_core&) = delete;
  barrier_core& operator=(const barrier_core&) = delete;

  struct [[nodiscard]] arrival {
    std::uint64_t phase;
    bool is_last;  // the caller completes the phase: runs the completion, then calls open_next()
  };
  // Throws std::logic_error, and nothing has changed, if so many are not expected in this phase any more. `drops`: they
  // are not expected in the next ones either.
  arrival arrive(std::ptrdiff_t n, std::ptrdiff_t drops);
  void open_next() noexcept;
  void wait(std::uint64_t phase);

 private:
  [[nodiscard]] bool is_over(std::uint64_t phase) const noexcept {
    // acquire: sees what came before every arrival, and the completion; pairs with open_next().
    return phase_.load(std::memory_order_acquire) != phase;
  }

  internal_lock lock_;
  // Read by any thread, written under lock_.
  detail::atomic<std::uint64_t> phase_{0};
  // Guarded by lock_.
  std::ptrdiff_t pending_ WEFT_GUARDED_BY(lock_);   // are still to arrive in this phase; 0 while it is completed
  std::ptrdiff_t expected_ WEFT_GUARDED_BY(lock_);  // in the next
  wait_list waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace detail

// Phase after phase, `expected` arrive; the last one runs the completion, and all go on.
//
//   weft::barrier turn(3, []() noexcept { swap_buffers(); });
//   for (int i = 0; i < 3; ++i) weft::go([&] { for (;;) { compute(); turn.arrive_and_wait(); } });
//
// wait() and the _and_wait forms park; they are switch points but *not* cancellation points: one who went away would
// leave the others waiting for ever. A fiber that is asked to end leaves by arrive_and_drop(). (The end of the runtime,
// and a simulation, end such waits by weft::cancelled once all wait for one another.) arrive() and arrive_and_drop() do
// not park, but the last to arrive runs the completion: on its own stack, under no lock, with cancellation held back.
// The completion may park, and must be noexcept, as in std. What came before an arrival happens before the completion,
// and that before the return of the waits of its phase. Waiters are woken in the order in which they came.
// Destruction: by whoever's wait has returned, at once, if it knows that nobody else will arrive or begin to wait.
// Misuse: an expectation outside 0..max() throws std::invalid_argument; arriving by 0 or less, or in greater number
// than the phase still expects (also while its completion runs), throws std::logic_error and changes nothing. A token
// is good for one wait, on the barrier that gave it, in its phase or the next.
template <class Completion = detail::nothing_to_complete>
class barrier {
  static_assert(std::is_nothrow_invocable_v<Completion&>, "weft::barrier: the completion must be noexcept, as in std");

 public:
  class [[nodiscard]] arrival_token {
   public:
    arrival_token(arrival_token&&) noexcept = default;
    arrival_token& operator=(arrival_token&&) noexcept = default;

   private:
    friend class barrier;
    explicit arrival_token(std::uint64_t phase) noexcept : phase_(phase) {}
    std::uint64_t phase_;
  };

  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return std::numeric_limits<std::ptrdiff_t>::max(); }

  constexpr explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
      : core_(checked(expected)), completion_(std::move(completion)) {}
  ~barrier() = default;
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  arrival_token arrive(std::ptrdiff_t n = 1) {
    const detail::scheduling_points around;
    return arrival_token(arrive_as(n, 0));
  }
  // const, as in std: what changes is who waits.
  void wait(arrival_token&& token) const { core_.wait(token.phase_); }
  void arrive_and_wait() {
    detail::scheduling_point();
    core_.wait(arrive_as(1, 0));
  }
  void arrive_and_drop() {
    const detail::scheduling_points around;
    (void)arrive_as(1, 1);
  }

 private:
  static constexpr std::ptrdiff_t checked(std::ptrdiff_t expected) {
    if (expected < 0) throw std::invalid_argument("weft::barrier: it cannot expect less than nobody");
    return expected;
  }

  std::uint64_t arrive_as(std::ptrdiff_t n, std::ptrdiff_t drops) {
    const detail::barrier_core::arrival arrived = core_.arrive(n, drops);
    if (arrived.is_last) {
      const detail::shield_scope held_back;
      completion_();
      core_.open_next();
    }
    return arrived.phase;
  }

  mutable detail::barrier_core core_;
  [[no_unique_address]] Completion completion_;
};

}  // namespace weft

#pragma GCC visibility pop
