// What becomes of durations and points at the edges of what they can say: as long as there is no end to it, or over.

#include <weft/runtime/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono;
using weft::deadline;

constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::max();

template <class Rep, class Period = std::ratio<1>>
constexpr std::int64_t held(Rep count, Period = {}) {
  return deadline::after(deadline::from_nanoseconds(0), duration<Rep, Period>(count)).nanoseconds();
}

template <class Duration>
constexpr std::int64_t most() {
  return held(Duration::max().count(), typename Duration::period{});
}
template <class Duration>
constexpr std::int64_t least() {
  return held(Duration::min().count(), typename Duration::period{});
}

using days_of_int = duration<int, std::ratio<86400>>;
using thirds = std::ratio<1, 3>;

// Constant expressions, but for what is no number: what would overflow does not compile.
TEST(deadline, is_never_for_durations_that_no_nanoseconds_hold) {
  static_assert(most<nanoseconds>() == k_never && most<microseconds>() == k_never && most<hours>() == k_never);
  static_assert(most<duration<std::uint64_t, std::nano>>() == k_never && most<duration<std::uint64_t>>() == k_never);
  static_assert(most<duration<std::uint64_t, std::atto>>() == 18'446'744'074);
  static_assert(most<duration<double>>() == k_never && most<duration<float, std::nano>>() == k_never);
  static_assert(most<duration<std::int8_t, std::giga>>() == k_never && most<days_of_int>() == k_never);
  static_assert(held(std::numeric_limits<double>::infinity()) == k_never && held(1e300) == k_never);
  static_assert(held(9'223'373'000.0f) == k_never && held(9'223'372'037.0L) == k_never);
}

TEST(deadline, is_over_for_durations_that_are_not_positive) {
  static_assert(least<nanoseconds>() == 0 && least<hours>() == 0 && least<days_of_int>() == 0);
  static_assert(least<duration<std::uint64_t>>() == 0 && least<duration<double>>() == 0);
  static_assert(held(-std::numeric_limits<double>::infinity()) == 0 && held(-1e-300) == 0 && held(-0.0f) == 0);
  EXPECT_EQ(held(std::numeric_limits<double>::quiet_NaN()), 0);
}

TEST(deadline, rounds_up_and_is_exact_where_nanoseconds_are) {
  static_assert(held(k_never - 1, std::nano{}) == k_never - 1);
  static_assert(held(1, std::pico{}) == 1 && held(1'000, std::pico{}) == 1 && held(1'001, std::pico{}) == 2);
  static_assert(held(1, thirds{}) == 333'333'334 && held(3, thirds{}) == 1'000'000'000);
  static_assert(held(std::int64_t{27'000'000'000}, thirds{}) == 9'000'000'000'000'000'000);
  static_assert(held(9'223'372'036u) == 9'223'372'036'000'000'000 && held(9'223'372'037u) == k_never);
  static_assert(held(1e-9) == 1 && held(0.1) == 100'000'000 && held(1e-300) == 1 && held(0.5f) == 500'000'000);
}

TEST(deadline, adds_without_an_overflow) {
  constexpr auto late = deadline::from_nanoseconds(k_never - 2);
  static_assert(deadline::after(late, nanoseconds(1)).nanoseconds() == k_never - 1);
  static_assert(deadline::after(late, nanoseconds(2)).is_never() && deadline::after(late, hours(1)).is_never());
  static_assert(deadline::after(late, hours::min()) == late && deadline::after({}, seconds(1)).is_never());
}

template <class Duration>
using at_system = time_point<system_clock, Duration>;

template <class From, class To>
constexpr std::int64_t between(From from, To to) {
  return deadline::between(at_system<From>(from), at_system<To>(to)).count();
}

TEST(deadline, tells_how_far_off_a_point_of_another_clock_is) {
  using unsigned_seconds = duration<std::uint64_t>;
  constexpr nanoseconds now = hours(24 * 365 * 56) + nanoseconds(1);
  static_assert(between(now, now) == 0 && between(now, now + nanoseconds(1)) == 1);
  static_assert(between(now, nanoseconds::min()) == 0 && between(now, seconds::min()) == 0);
  static_assert(between(now, hours::min()) == 0 && between(now, unsigned_seconds(0)) == 0);
  static_assert(between(now, unsigned_seconds(duration_cast<seconds>(now).count())) == 0);
  static_assert(between(now, unsigned_seconds(duration_cast<seconds>(now).count() + 1)) == 999'999'999);
  static_assert(between(now, seconds::max()) == k_never && between(now, unsigned_seconds::max()) == k_never);
  static_assert(between(now, duration<double>(std::numeric_limits<double>::infinity())) == k_never);
  static_assert(between(nanoseconds::min(), nanoseconds::max()) == k_never);
  static_assert(between(-seconds(1), nanoseconds::max()) == k_never &&
                between(-seconds(1), seconds(1)) == 2'000'000'000);
  // A clock that counts from the year 0, and a coarse one that has not reached what lies within its tick.
  static_assert(between(seconds(63'900'000'000), seconds(63'900'000'001)) == 1'000'000'000);
  static_assert(between(seconds(63'900'000'001), seconds(63'900'000'000)) == 0);
  static_assert(between(duration<int, std::pico>(1), duration<int, std::pico>(2)) == 1);
}

}  // namespace
