// What std_shim/retry.hpp promises.

#include <weft/std_shim/retry.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>

#include <weft/runtime/clock.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

namespace {

using namespace std::chrono_literals;
using weft::retry;

constexpr weft::retry_options k_at_once{.first_pause = 0s};

// Fails so many times, then brings how often it was called.
struct fails {
  int times;
  int calls = 0;
  int operator()() {
    if (++calls <= times) throw std::runtime_error("failure " + std::to_string(calls));
    return calls;
  }
};

FIBER_TEST(retry, ends_with_the_first_success) {
  EXPECT_EQ(retry(k_at_once, fails{0}), 1);
  EXPECT_EQ(retry(k_at_once, fails{4}), 5);
  EXPECT_EQ(retry({.attempts = 0, .first_pause = 0s}, fails{1000}), 1001);
}

FIBER_TEST(retry, ends_with_the_last_failure) {
  try {
    retry(k_at_once, fails{100});
    FAIL() << "no exception";
  } catch (const std::runtime_error& last) {
    EXPECT_STREQ(last.what(), "failure 5");
  }
}

FIBER_TEST(retry, repeats_what_it_was_told_to_repeat) {
  int calls = 0;
  const auto refused = [&] {
    ++calls;
    throw std::system_error(std::make_error_code(std::errc::connection_refused));
  };
  const auto is_time_out = [](const std::system_error& why) { return why.code() == std::errc::timed_out; };
  EXPECT_THROW(retry<std::logic_error>(k_at_once, refused), std::system_error);
  EXPECT_EQ(calls, 1) << "another type";
  EXPECT_THROW(retry<std::system_error>(k_at_once, refused, is_time_out), std::system_error);
  EXPECT_EQ(calls, 2) << "another code";
  EXPECT_THROW(retry<std::system_error>(k_at_once, refused), std::system_error);
  EXPECT_EQ(calls, 7);
}

FIBER_TEST(retry, ends_when_its_fiber_is_asked_to_end) {
  int calls = 0;
  auto tries = weft::spawn([&] {
    retry({.attempts = 0, .first_pause = 1000h, .longest_pause = 1000h}, [&]() -> int {
      ++calls;
      throw std::runtime_error("again");
    });
  });
  weft::testing::wait_until_all_parked();
  tries.request_stop();
  weft::testing::expect_error(std::errc::operation_canceled, [&] { tries.join(); });
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(weft::with_timeout(1ms, [] { retry({.attempts = 0}, fails{std::numeric_limits<int>::max()}); }),
               weft::timed_out);
}

// The pauses of all attempts that fail, in virtual time.
std::vector<std::chrono::nanoseconds> pauses_of(const weft::retry_options& options, std::uint64_t seed = 1) {
  std::vector<std::chrono::nanoseconds> pauses;
  weft::simulate({.seed = seed}, [&] {
    auto before = weft::clock::now();
    try {
      retry(options, [&] {
        pauses.push_back(weft::clock::now() - before);
        before = weft::clock::now();
        throw std::runtime_error("again");
      });
    } catch (const std::runtime_error&) {  // the last one
    }
  });
  pauses.erase(pauses.begin());
  return pauses;
}

TEST(retry, pauses_grow_up_to_the_longest) {
  const auto pauses = pauses_of({.attempts = 6, .first_pause = 1s, .factor = 3, .longest_pause = 10s, .jitter = false});
  EXPECT_EQ(pauses, (std::vector<std::chrono::nanoseconds>{1s, 3s, 9s, 10s, 10s}));
}

TEST(retry, pauses_are_drawn_from_all_that_is_allowed) {
  std::chrono::nanoseconds least = 100s, most = 0s;
  for (const auto each : pauses_of({.attempts = 200, .first_pause = 10s, .factor = 1})) {
    least = std::min(least, each);
    most = std::max(most, each);
  }
  EXPECT_LT(least, 1s);
  EXPECT_GT(most, 9s);
  EXPECT_LE(most, 10s);
  EXPECT_EQ(pauses_of({.attempts = 20}, 7), pauses_of({.attempts = 20}, 7)) << "a seed is replayed";
}

TEST(retry, works_on_a_plain_thread_and_refuses_a_factor_that_shrinks) {
  EXPECT_EQ(retry({.first_pause = 1ms}, fails{2}), 3);
  EXPECT_THROW(retry({.factor = 0.5}, fails{0}), std::invalid_argument);
  EXPECT_THROW(retry({.factor = std::numeric_limits<double>::quiet_NaN()}, fails{0}), std::invalid_argument);
}

}  // namespace
