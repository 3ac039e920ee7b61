#pragma once
// Room: sync. std::counting_semaphore for fibers and plain threads at once. This is the face; the word, and "Permits"
// in numbered steps, are semaphore_word.hpp's.
// Next: semaphore_guard.hpp.

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
  [[nodiscard]] bool try_acquire(std::ptrdiff_t n) noexcept;
  // False: the limit passed. A cancellation point.
  [[nodiscard]] bool acquire_until(deadline until, std::ptrdiff_t n);
  // Throws std::logic_error: so many cannot be acquired.
  static void check_can_be_had(std::ptrdiff_t n, std::ptrdiff_t max);

 private:
  void release_now(std::ptrdiff_t n, std::ptrdiff_t max);
  void hand_out(std::ptrdiff_t n, won_chain& woken) noexcept WEFT_REQUIRES(waiters_.lock);
  void leave(wait_node& node) noexcept;

  // Any thread: how many permits lie here, and whether somebody waits (semaphore_word.hpp).
  detail::atomic<std::ptrdiff_t> word_;
  wait_queue waiters_;
};

}  // namespace detail

// A count of permits. Constant-initialised.
//
//   weft::counting_semaphore<8> slots{8};
//   slots.acquire();                                  // parks while there is none
//   slots.release();                                  // by anybody, not only by whoever acquired
//   memory.acquire(n);                                // parks while there are not n, and then has them all at once
//
// semaphore_guard.hpp releases by itself what was acquired.
// acquire(), try_acquire_for() and try_acquire_until() are cancellation points; try_acquire() and release() are not
// even switch points. While nobody waits, all of them are one exchange without a lock. What came before a release()
// happens before the return of the acquire that got the permit.
// Fairness: strictly in the order of arrival. A released permit is handed to the one who waits longest; nobody who
// comes later takes it ahead of him, and try_acquire() fails while somebody waits. Who acquires n has none before he
// has all: two who do cannot wait for each other, and those who need fewer do not pass him by, so that he is not
// starved. Meanwhile what is there waits with him; when he gives up, those behind him have it.
// A waiter that is cancelled or timed out just as it is handed its permits either has them, and returns so, or has not,
// and they go to the next: none is lost. A limit that has passed still takes what is there. try_acquire() never fails
// for no reason.
// Destruction: by whoever's acquire has returned and knows that nobody else will use it, at once: the release() that
// let it in, still returning on another thread, does not touch it any more. Waiters who were cancelled or timed out are
// let out first; nobody else may wait.
// Misuse: to acquire less than 0, or more than max(), throws std::logic_error; 0 are always there. A count outside
// 0..max() throws std::invalid_argument at construction; release() of less than 0, or of so many that the count would
// pass max(), throws std::logic_error and changes nothing.
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

  void acquire() { (void)core_.acquire_until(deadline::never(), 1); }
  void acquire(std::ptrdiff_t n) {
    check_can_be_had(n);
    (void)core_.acquire_until(deadline::never(), n);
  }
  [[nodiscard]] bool try_acquire() noexcept { return core_.try_acquire(1); }
  [[nodiscard]] bool try_acquire(std::ptrdiff_t n) {
    check_can_be_had(n);
    return core_.try_acquire(n);
  }

  // False: the time ran out.
  template <class Rep, class Period>
  [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& d, std::ptrdiff_t n = 1) {
    check_can_be_had(n);
    return core_.acquire_until(detail::limit(d), n);
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& t, std::ptrdiff_t n = 1) {
    check_can_be_had(n);
    return detail::wait_by(t, [this, n](deadline until) { return core_.acquire_until(until, n); });
  }

 private:
  static constexpr std::ptrdiff_t checked(std::ptrdiff_t permits) {
    if (permits < 0 || permits > LeastMax)
      throw std::invalid_argument("weft::counting_semaphore: a count must be from 0 to max()");
    return permits;
  }

  // One may be waited for whatever max() says, as std has it.
  static void check_can_be_had(std::ptrdiff_t n) {
    if (n != 1) detail::semaphore_core::check_can_be_had(n, LeastMax);
  }

  detail::semaphore_core core_;
};

using binary_semaphore = counting_semaphore<1>;

}  // namespace weft

#pragma GCC visibility pop
