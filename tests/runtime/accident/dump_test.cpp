// What a dump says of fibers, and that taking one disturbs nobody.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <sstream>
#include <streambuf>
#include <string>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "fiber_label.hpp"
#include "quantity_text.hpp"
#include "stack_walk.hpp"
#include "symbols.hpp"

using namespace weft::detail;

// Named functions with a frame of their own, which a trace must show. Not static: the linker keeps their names.
[[gnu::noinline]] wake_reason dump_test_parks_here(wait_token token) {
  const wake_reason reason = park(token, weft::deadline::never(), "a test");
  __asm__ __volatile__("");  // no tail call
  return reason;
}
[[gnu::noinline]] wake_reason dump_test_calls_it(wait_token token, int depth) {
  // A frame of a size that the compiler cannot know, found by unwind information alone.
  auto* const room = static_cast<volatile char*>(__builtin_alloca(static_cast<std::size_t>(depth)));
  room[0] = 1;
  const wake_reason reason = dump_test_parks_here(token);
  room[0] = 2;
  return reason;
}

namespace {

using weft::testing::contains;

std::string dumped() {
  std::ostringstream text;
  weft::dump(text);
  return text.str();
}

// The part of a dump that is about the fiber of that name.
std::string about(const std::string& name, const std::string& text) {
  const std::size_t at = text.find("'" + name + "'");
  if (at == std::string::npos) return "";
  const std::size_t end = text.find("\nfiber ", at);
  return text.substr(at, end == std::string::npos ? end : end - at);
}

struct parked_fiber {
  std::atomic<std::uint64_t> generation{0};
  wait_token token;
  weft::join_handle<wake_reason> fiber;

  explicit parked_fiber(const char* name) {
    fiber = weft::spawn({.name = name}, [this] {
      token = arm(cancellation::honoured);
      generation = token.generation;
      return dump_test_calls_it(token, 100);
    });
    weft::testing::wait_until([this] { return generation != 0; });
  }
  void wake() { unpark(claim(token, wake_reason::ready)); }
};

FIBER_TEST(dump, shows_a_parked_fiber_with_its_wait_its_site_and_its_frames) {
  parked_fiber sleeper("sleeper");
  weft::testing::wait_until_all_parked();
  const std::string text = about("sleeper", dumped());
  // Not since the machine was started, though its worker may have looked at no clock before.
  EXPECT_TRUE(contains(text, "spawned at .*dump_test.cpp:[0-9]+: parked for [0-9.]{1,6} [mu]?s: a test")) << text;
  if (k_walks_parked_stacks) {
    const std::size_t inner = text.find("dump_test_parks_here(");
    const std::size_t outer = text.find("dump_test_calls_it(");
    EXPECT_NE(inner, std::string::npos) << text;
    EXPECT_NE(outer, std::string::npos) << text;
    EXPECT_LT(inner, outer) << text;
    EXPECT_EQ(text.find("fiber_main("), std::string::npos) << "frames that the user did not write\n" << text;
    EXPECT_EQ(text.find("    weft::"), std::string::npos) << text;
  }
  sleeper.wake();
  EXPECT_EQ(sleeper.fiber.join(), wake_reason::ready);
}

FIBER_TEST(dump, shows_who_runs_and_who_is_ready) {
  const auto ready = weft::spawn({.name = "other"}, [] {});
  const std::string text = dumped();
  EXPECT_TRUE(contains(about("main", text), "running on worker [0-9]+")) << text;
  if (weft::testing::workers_of_this_test() == 1) {
    EXPECT_TRUE(contains(about("other", text), ": ready to begin")) << text;
  }
}

FIBER_TEST(dump, tells_fibers_at_the_same_place_as_one) {
  constexpr int k_crowd = 300;
  const auto out_of_the_way =
      weft::spawn({.name = "alone"}, [] { weft::this_fiber::sleep_for(std::chrono::hours(1)); });
  std::vector<weft::join_handle<void>> crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.push_back(weft::spawn([i] { weft::this_fiber::sleep_for(std::chrono::hours(1 + i)); }));
  weft::testing::wait_until_all_parked();
  const std::string text = dumped();
  EXPECT_TRUE(contains(text,
                       "300 fibers, spawned at .*dump_test.cpp:[0-9]+: parked: sleep, "
                       "oldest [0-9.]+ [mu]?s, newest [0-9.]+ [mu]?s\n"
                       "    fiber #[0-9]+, fiber #[0-9]+, fiber #[0-9]+, fiber #[0-9]+ and 296 more\n"))
      << text;
  EXPECT_TRUE(contains(about("alone", text), ": parked for .*: sleep")) << text;
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 30) << text;
}

FIBER_TEST(dump, names_the_function_that_spawned_with_arguments) {
  const auto fiber = weft::spawn(
      {.name = "with arguments"}, [](int) { weft::this_fiber::sleep_for(std::chrono::hours(1)); }, 1);
  weft::testing::wait_until_all_parked();
  const std::string text = about("with arguments", dumped());
  EXPECT_TRUE(contains(text, "spawned at .*body\\(\\)\\+0x[0-9a-f]+ (at [^ ]+ )?in ")) << text;
}

// Whoever looks through the stacks beside fibers that park and wake each other all the time: none of them stays behind.
FIBER_TEST(dump, holds_fibers_still_and_loses_no_wake_up) {
  constexpr int k_rounds = 200;
  std::atomic<bool> over{false};
  std::thread outside([&] {
    while (!over) EXPECT_NE(dumped(), "");
  });
  std::vector<weft::join_handle<void>> pairs;
  for (int i = 0; i < 4; ++i)
    pairs.push_back(weft::spawn({.name = "pair"}, [] {
      for (int round = 0; round < k_rounds; ++round) {
        parked_fiber partner("partner");
        partner.wake();
        EXPECT_EQ(partner.fiber.join(), wake_reason::ready);
      }
    }));
  for (int i = 0; i < 5; ++i) EXPECT_NE(about("main", dumped()), "");
  for (auto& each : pairs) each.join();
  over = true;
  outside.join();
}

// A stream whose every character lets other fibers run.
class yielding_buffer : public std::streambuf {
 public:
  std::string text;

 private:
  int_type overflow(int_type c) override {
    text.push_back(static_cast<char>(c));
    if (c == '\n') weft::this_fiber::yield();
    return c;
  }
};

FIBER_TEST(dump, writes_to_a_stream_that_parks) {
  parked_fiber sleeper("sleeper");
  weft::testing::wait_until_all_parked();
  const auto waker = weft::spawn([&] { sleeper.wake(); });
  yielding_buffer buffer;
  std::ostream out(&buffer);
  weft::dump(out);
  EXPECT_NE(about("main", buffer.text), "");
  EXPECT_EQ(sleeper.fiber.join(), wake_reason::ready);
}

FIBER_TEST(dump, says_from_which_wait_a_ready_fiber_was_woken) {
  if (weft::testing::workers_of_this_test() != 1) return;  // another worker would take it
  parked_fiber sleeper("sleeper");
  weft::testing::wait_until_all_parked();
  weft::this_fiber::sleep_for(std::chrono::milliseconds(6));  // traces are had once in 5 ms
  sleeper.wake();
  const std::string text = about("sleeper", dumped());
  EXPECT_TRUE(contains(text, ": ready, woken from: a test")) << text;
  if (k_walks_parked_stacks) {
    EXPECT_NE(text.find("dump_test_parks_here("), std::string::npos) << text;
  }
  EXPECT_EQ(sleeper.fiber.join(), wake_reason::ready);
}

TEST(dump, of_a_process_without_fibers_says_so) { EXPECT_EQ(dumped(), "weft: 0 fibers\n"); }

TEST(symbols, say_what_they_can_of_any_address) {
  const auto function = reinterpret_cast<std::uintptr_t>(&dump_test_calls_it);
  EXPECT_TRUE(contains(describe_return_address(reinterpret_cast<const void*>(function + 5)),
                       "^dump_test_calls_it\\(.*\\)\\+0x5 in .*runtime_tests"));
  EXPECT_EQ(describe_return_address(reinterpret_cast<const void*>(std::uintptr_t{16})), "0x10");
}

TEST(quantity_text, times_are_what_somebody_would_have_typed) {
  EXPECT_EQ(duration_in_words(300'000'000), "300 ms");
  EXPECT_EQ(duration_in_words(1'500'000'000), "1.5 s");
  EXPECT_EQ(duration_in_words(90'000'000'000), "90 s");
  EXPECT_EQ(duration_in_words(5'400'000'000'000), "90 min");
  EXPECT_EQ(duration_in_words(7'200'000'000'000), "2 h");
  EXPECT_EQ(duration_in_words(1'000'000'001), "1.000000001 s");
  EXPECT_EQ(duration_in_words(-20'000), "-20 us");
  EXPECT_EQ(duration_in_words(0), "0 s");
  EXPECT_EQ(duration_in_words(INT64_MIN), "-9223372036.854775808 s");
  EXPECT_EQ(age_in_words(3'204'567'891), "3.204 s");
  EXPECT_EQ(age_in_words(10'400'000), "10 ms");
  EXPECT_EQ(age_in_words(999), "999 ns");
}

TEST(quantity_text, sizes_and_counts_have_units_that_fit) {
  EXPECT_EQ(size_in_words(0), "0 bytes");
  EXPECT_EQ(size_in_words(70'000), "70000 bytes");
  EXPECT_EQ(size_in_words(256 << 10), "256 KiB");
  EXPECT_EQ(size_in_words(1025 << 20), "1025 MiB");
  EXPECT_EQ(size_in_words(std::size_t{4} << 40), "4096 GiB");
  EXPECT_EQ(count_in_words(1, "fiber"), "1 fiber");
  EXPECT_EQ(count_in_words(0, "fiber"), "0 fibers");
}

TEST(fiber_label, is_read_as_a_whole_or_not_at_all) {
  const char* const files[] = {"even", "odd"};
  // Every third was spawned by a form that knows an address alone.
  const auto site_of = [&files](std::uint64_t id) {
    return id % 3 == 0 ? weft::source_site{nullptr, 0, &files[id % 2]}
                       : weft::source_site{files[id % 2], static_cast<std::uint32_t>(id), nullptr};
  };
  fiber_label label;
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (std::uint64_t id = 1; !over; ++id)
      label.set(id, std::string(30, static_cast<char>('a' + id % 26)), site_of(id));
  });
  for (int seen = 0; seen < 20'000;) {
    fiber_label::copy copy;
    if (!label.read(copy)) continue;
    ++seen;
    EXPECT_EQ(std::string(copy.name.data()), std::string(23, static_cast<char>('a' + copy.id % 26)));
    const weft::source_site expected = site_of(copy.id);
    EXPECT_EQ(copy.site.file, expected.file);
    EXPECT_EQ(copy.site.line, expected.line);
    EXPECT_EQ(copy.site.address, expected.address);
  }
  over = true;
  writer.join();
}

}  // namespace
