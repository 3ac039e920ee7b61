#pragma once
// std_shim, interpose: libc's time limits, which are points on a clock of the caller's, as deadlines.

#include <algorithm>
#include <chrono>
#include <ctime>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>

namespace weft::interpose {

class time_limit {
 public:
  time_limit() noexcept = default;  // never
  time_limit(clockid_t clock, const timespec* at) noexcept : clock_(clock), at_(at) {}

  // As libc: any other is refused at once.
  [[nodiscard]] static bool knows(clockid_t clock) noexcept {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
  }
  // As libc: asked only by who has to wait.
  [[nodiscard]] bool is_valid() const noexcept {
    return at_ == nullptr || (knows(clock_) && at_->tv_nsec >= 0 && at_->tv_nsec < 1'000'000'000);
  }
  [[nodiscard]] bool is_over() const noexcept { return at_ != nullptr && left().count() <= 0; }
  [[nodiscard]] deadline until() const noexcept {
    return at_ == nullptr ? deadline::never() : deadline::after(detail::now(), left());
  }

  // On CLOCK_MONOTONIC: so far from now, or where the limit is, if that is sooner.
  [[nodiscard]] timespec but_at_most(std::chrono::nanoseconds far) const noexcept {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    const std::int64_t more = std::max<std::int64_t>(0, at_ == nullptr ? far.count() : std::min(far, left()).count());
    const std::int64_t nanoseconds = at.tv_nsec + more;
    return {at.tv_sec + nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  }

 private:
  // Time that a 64-bit count of nanoseconds does not hold is far enough away.
  [[nodiscard]] std::chrono::nanoseconds left() const noexcept {
    if (at_->tv_sec < 0) return std::chrono::nanoseconds(-1);
    timespec now{};
    ::clock_gettime(clock_, &now);
    const std::int64_t seconds = at_->tv_sec - now.tv_sec;
    if (seconds > 9'000'000'000) return std::chrono::nanoseconds::max();
    if (seconds < -9'000'000'000) return std::chrono::nanoseconds(-1);
    return std::chrono::nanoseconds(seconds * 1'000'000'000 + (at_->tv_nsec - now.tv_nsec));
  }

  clockid_t clock_ = CLOCK_REALTIME;
  const timespec* at_ = nullptr;
};

}  // namespace weft::interpose
