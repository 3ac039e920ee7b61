#pragma once
// Room: runtime. The only type in which weft tells until when something may wait.
//
// A deadline is a point on the steady clock, held in nanoseconds: durations turn into one once, at the outermost call,
// so that a wait which is interrupted and begun again never grows longer. Rounded up, saturating at never(), whatever
// counts: signed, unsigned or floating, in ticks of any length. A float that is no number is no time at all.
// Next: park.hpp, which waits until one.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>
#include <limits>

#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

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

  // How long it is `from` a point of any clock `to` another: rounded up, zero if that is past, saturating at max().
  template <class Clock, class To, class From>
  [[nodiscard]] static constexpr std::chrono::nanoseconds between(std::chrono::time_point<Clock, From> from,
                                                                  std::chrono::time_point<Clock, To> to) noexcept {
    const std::int64_t begin = rounded(from.time_since_epoch(), false), end = rounded(to.time_since_epoch(), true);
    // A clock whose epoch is further away than 292 years: to some nanoseconds.
    if (is_cut(begin) || is_cut(end)) {
      using far = std::chrono::duration<long double, std::nano>;
      return std::chrono::nanoseconds(saturated(far(to.time_since_epoch()) - far(from.time_since_epoch())));
    }
    if (end <= begin) return std::chrono::nanoseconds(0);
    return std::chrono::nanoseconds(begin < 0 && end > k_never + begin ? k_never : end - begin);
  }

  [[nodiscard]] constexpr bool is_never() const noexcept { return nanoseconds_ == k_never; }
  [[nodiscard]] constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  static constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::max();

  static constexpr bool is_cut(std::int64_t nanoseconds) noexcept {
    return nanoseconds == k_never || nanoseconds == -k_never;
  }

  template <class Rep, class Period>
  static constexpr std::int64_t saturated(std::chrono::duration<Rep, Period> d) noexcept {
    const std::int64_t nanoseconds = rounded(d, true);
    return nanoseconds > 0 ? nanoseconds : 0;
  }

  // In nanoseconds, up or down to a whole one, cut at k_never and -k_never.
  template <class Rep, class Period>
  static constexpr std::int64_t rounded(std::chrono::duration<Rep, Period> d, bool up) noexcept {
    using tick = std::ratio_divide<Period, std::nano>;
    constexpr std::uint64_t k_num = tick::num, k_den = tick::den;
    if constexpr (std::is_integral_v<Rep> && k_num <= std::numeric_limits<std::uint64_t>::max() / k_den) {
      const bool is_negative = d < d.zero();
      const auto count = static_cast<std::uint64_t>(d.count());
      const std::uint64_t size = multiplied(is_negative ? 0 - count : count, k_num, k_den, up != is_negative);
      return is_negative ? -static_cast<std::int64_t>(size) : static_cast<std::int64_t>(size);
    } else {
      return rounded(exact(d), up);
    }
  }

  // No product here is larger than 64 bits: whole ticks and the rest of one apart.
  static constexpr std::uint64_t multiplied(std::uint64_t count, std::uint64_t num, std::uint64_t den,
                                            bool up) noexcept {
    constexpr std::uint64_t most = k_never;
    if (count / den > most / num) return most;
    const std::uint64_t part = count % den * num;
    const std::uint64_t size = count / den * num + part / den + (up && part % den != 0 ? 1 : 0);
    return size < most ? size : most;
  }

  // A float in its own precision, or at least a double's: 1e-9 s is to be 1 ns, and not two.
  template <class Rep, class Period>
  static constexpr long double exact(std::chrono::duration<Rep, Period> d) noexcept {
    const long double wide = std::chrono::duration<long double, std::nano>(d).count();
    if constexpr (std::is_floating_point_v<Rep>)
      if (-static_cast<long double>(k_never) < wide && wide < static_cast<long double>(k_never))
        return std::chrono::duration<std::common_type_t<Rep, double>, std::nano>(d).count();
    return wide;
  }

  static constexpr std::int64_t rounded(long double nanoseconds, bool up) noexcept {
    if (nanoseconds >= static_cast<long double>(k_never)) return k_never;
    if (nanoseconds <= -static_cast<long double>(k_never)) return -k_never;
    if (nanoseconds != nanoseconds) return 0;                   // no number
    const auto whole = static_cast<std::int64_t>(nanoseconds);  // towards zero
    if (up) return whole + (static_cast<long double>(whole) < nanoseconds ? 1 : 0);
    return whole - (static_cast<long double>(whole) > nanoseconds ? 1 : 0);
  }

  std::int64_t nanoseconds_ = k_never;
};

}  // namespace weft

#pragma GCC visibility pop
