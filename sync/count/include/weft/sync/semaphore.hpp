#pragma once
// Room: sync. std::counting_semaphore for fibers and plain threads at once. This is the face; the word, and "Permits"
// in numbered steps, are semaphore_word.hpp's.
// Next: latch.hpp.

#include <atomic>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// A semaphore without its greatest count.
class semaphore_core {
 public:
  constexpr explicit semaphore_core(std::ptrdiff_t permits) noexcept : word_(permits) {}
  ~semaphore_core() { waiters_.wait_until_left("semaphore destruction"); }
  semaphore_core(const semaphore_core&) = delete;
  semaphore_core& operator=(const semaphore_core&) = delete;

  // Scheduling points around it.
  void release(std::ptrdiff_t n, std::ptrdiff_t max);
  [[nodiscard]] bool try_acquire() noexcept;
  // False: the limit passed. A cancellation point.
  [[nodiscard]] bool acquire_until(deadline until);

 private:
  void release_now(std::ptrdiff_t n, std::ptrdiff_t max);

  // Any thread: how many permits lie here, or k_queued (semaphore_word.hpp).
  detail::atomic<std::ptrdiff_t> word_;
  wait_queue waiters_;
};

}  // namespace detail

// A count of permits. Constant-initialised.
//
//   weft::counting_semaphore<8> slots{8};
//   slots.acquire();                                  // parks while there is none
//   slots.release();                                  // by anybody, not only by whoever acquired
//
// acquire(), try_acquire_for() and try_acquire_until() are cancellation points; try_acquire() and release() are not
// even switch points. While nobody waits, all of them are one exchange without a lock. What came before a release()
// happens before the return of the acquire that got the permit.
// Fairness: strictly in the order of arrival. A released permit is handed to the one who waits longest; nobody who
// comes later takes it ahead of him, and try_acquire() fails while somebody waits. A waiter that is cancelled or timed
// out just as it is handed a permit either has it, and returns so, or has not, and the permit goes to the next: none is
// lost. A limit that has passed still takes what is there. try_acquire() never fails for no reason.
// Destruction: by whoever's acquire has returned and knows that nobody else will use it, at once: the release() that
// let it in, still returning on another thread, does not touch it any more. Waiters who were cancelled or timed out are
// let out first; nobody else may wait.
// Misuse: a count outside 0..max() throws std::invalid_argument at construction; release() of less than 0, or of so
// many that the count would pass max(), throws std::logic_error and changes nothing.
template <std::ptrdiff_t LeastMax = std::numeric_limits<std::ptrdiff_t>::max()>
class counting_semaphore {
  static_assert(LeastMax >= 0, "weft::counting_semaphore: the greatest count cannot be negative");

 public:
  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return LeastMax; }

  constexpr explicit counting_semaphore(std::ptrdiff_t permits) : core_(checked(permits)) {}
  ~counting_semaphore() = default;
  counting_semaphore(const counting_semaphore&) = delete;
  counting_semaphore& operator=(const counting_semaphore&) = delete;

  void release(std::ptrdiff_t n = 1) { core_.release(n, LeastMax); }

  void acquire() { (void)core_.acquire_until(deadline::never()); }
  [[nodiscard]] bool try_acquire() noexcept { return core_.try_acquire(); }

  // False: the time ran out.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& d) {
    return core_.acquire_until(detail::limit(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& t) {
    return detail::wait_by(t, [this](deadline until) { return core_.acquire_until(until); });
  }

 private:
  static constexpr std::ptrdiff_t checked(std::ptrdiff_t permits) {
    if (permits < 0 || permits > LeastMax)
      throw std::invalid_argument("weft::counting_semaphore: a count must be from 0 to max()");
    return permits;
  }

  detail::semaphore_core core_;
};

using binary_semaphore = counting_semaphore<1>;

}  // namespace weft

#pragma GCC visibility pop
