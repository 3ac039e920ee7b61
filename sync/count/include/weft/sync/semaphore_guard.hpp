#pragma once
// Room: sync. Permits of a semaphore that are released by themselves, at the end of a scope or of whoever they were
// moved to.
//
//   weft::counting_semaphore<> slots{8};
//   for (auto& url : urls) {
//     weft::semaphore_guard slot(slots);                      // parks while eight are fetched
//     group.go([&url, slot = std::move(slot)] { fetch(url); });
//   }
//
//   weft::semaphore_guard room(bytes_in_flight, size);        // size permits at once
//   if (weft::semaphore_guard slot(slots, 10ms); slot) ...    // or none, after that time
//
// One owner uses a guard, as a std::unique_lock; the semaphore outlives it. What parks, is a cancellation point, throws
// and is fair is semaphore.hpp's acquire. Ending or releasing never parks and is none.
// Next: latch.hpp.

#include <cstddef>
#include <mutex>
#include <utility>

#include <weft/runtime/detail/chrono.hpp>
#include <weft/sync/semaphore.hpp>

#pragma GCC visibility push(default)

namespace weft {

template <class Semaphore>
class semaphore_guard {
 public:
  // Holds nothing.
  semaphore_guard() noexcept = default;

  // Acquires n, all at once.
  [[nodiscard]] explicit semaphore_guard(Semaphore& from, std::ptrdiff_t n = 1) {
    from.acquire(n);
    hold(from, n);
  }
  // The same if they are there, by some time or within one; else it holds nothing.
  [[nodiscard]] semaphore_guard(Semaphore& from, std::try_to_lock_t, std::ptrdiff_t n = 1) {
    if (from.try_acquire(n)) hold(from, n);
  }
  template <class Rep, class Period>
  [[nodiscard]] semaphore_guard(Semaphore& from, const std::chrono::duration<Rep, Period>& d, std::ptrdiff_t n = 1) {
    if (from.try_acquire_for(d, n)) hold(from, n);
  }
  template <class Clock, class Duration>
  [[nodiscard]] semaphore_guard(Semaphore& from, const std::chrono::time_point<Clock, Duration>& t,
                                std::ptrdiff_t n = 1) {
    if (from.try_acquire_until(t, n)) hold(from, n);
  }
  // Takes over n that were acquired.
  [[nodiscard]] semaphore_guard(Semaphore& from, std::adopt_lock_t, std::ptrdiff_t n = 1) noexcept { hold(from, n); }

  semaphore_guard(semaphore_guard&& from) noexcept
      : from_(std::exchange(from.from_, nullptr)), held_(std::exchange(from.held_, 0)) {}
  // Releases what it held before.
  semaphore_guard& operator=(semaphore_guard&& from) {
    semaphore_guard before(std::move(*this));
    from_ = std::exchange(from.from_, nullptr);
    held_ = std::exchange(from.held_, 0);
    return *this;
  }
  ~semaphore_guard() { release(); }

  // Before its time; nothing if it holds none.
  void release() {
    Semaphore* const from = std::exchange(from_, nullptr);
    const std::ptrdiff_t held = std::exchange(held_, 0);
    if (from != nullptr) from->release(held);
  }

  // How many it holds. One that was given 0 holds 0, and is true.
  [[nodiscard]] std::ptrdiff_t permits() const noexcept { return held_; }
  [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }

 private:
  void hold(Semaphore& from, std::ptrdiff_t n) noexcept {
    from_ = &from;
    held_ = n;
  }

  Semaphore* from_ = nullptr;
  std::ptrdiff_t held_ = 0;
};

}  // namespace weft

#pragma GCC visibility pop
