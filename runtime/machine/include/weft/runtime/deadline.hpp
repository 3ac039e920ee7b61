#pragma once
// Room: runtime. The only type in which weft tells until when something may wait.
//
// A deadline is a point on the steady clock, held in nanoseconds: durations turn into one once, at the outermost call,
// so that a wait which is interrupted and begun again never grows longer. Rounded up, saturating at never().
// Next: park.hpp, which waits until one.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>
#include <limits>

#include <weft/runtime/detail/chrono.hpp>

namespace weft {

class deadline {
 public:
  using clock = std::chrono::steady_clock;

  // Waits that are given no deadline wait for ever.
  constexpr deadline() noexcept = default;

  [[nodiscard]] static constexpr deadline never() noexcept { return {}; }

  // `nanoseconds` since the steady clock's epoch.
  [[nodiscard]] static constexpr deadline from_nanoseconds(std::int64_t nanoseconds) noexcept {
    deadline d;
    d.nanoseconds_ = nanoseconds;
    return d;
  }

  // time_point::max() means never, as in Go and Asio.
  template <class Duration>
  [[nodiscard]] static constexpr deadline at(std::chrono::time_point<clock, Duration> t) noexcept {
    return from_nanoseconds(saturated(t.time_since_epoch()));
  }

  // `from` is now on the caller's clock (runtime: detail::now()). A negative duration is already over.
  template <class Rep, class Period>
  [[nodiscard]] static constexpr deadline after(deadline from, std::chrono::duration<Rep, Period> d) noexcept {
    const std::int64_t delta = saturated(d);
    if (delta > 0 && from.nanoseconds_ > k_never - delta) return never();
    return from_nanoseconds(delta <= 0 ? from.nanoseconds_ : from.nanoseconds_ + delta);
  }

  [[nodiscard]] constexpr bool is_never() const noexcept { return nanoseconds_ == k_never; }
  [[nodiscard]] constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  static constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::max();

  template <class Rep, class Period>
  static constexpr std::int64_t saturated(std::chrono::duration<Rep, Period> d) noexcept {
    using wide = std::chrono::duration<long double, std::nano>;
    if (wide(d).count() >= static_cast<long double>(k_never)) return k_never;
    if (wide(d).count() <= 0) return 0;
    return std::chrono::ceil<std::chrono::nanoseconds>(d).count();
  }

  std::int64_t nanoseconds_ = k_never;
};

}  // namespace weft
