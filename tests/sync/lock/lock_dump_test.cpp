// What a dump says of fibers that wait for mutexes: which one, who holds it, and who waits for whom in a circle.

#include <gtest/gtest.h>
#include <support/contains.hpp>

#include <chrono>
#include <mutex>
#include <sstream>
#include <string>

#include <support/fiber_test.hpp>

#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/latch.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/recursive_mutex.hpp>

namespace {

using weft::testing::contains;

#ifdef WEFT_TRACKS_OWNERS
constexpr const char* k_held_by_main = ", held by fiber #[0-9]+ 'main'\n";
#else
constexpr const char* k_held_by_main = "\n";
#endif

std::string dump_of_locks() {
  std::ostringstream text;
  weft::dump(text);
  return text.str();
}

template <class Mutex>
void expect_shown(const std::string& kind) {
  Mutex m;
  m.lock();
  auto waiter = weft::spawn({.name = "waiter"}, [&m] { const std::scoped_lock lock(m); });
  weft::testing::wait_until_all_parked();
  const std::string text = dump_of_locks();
  EXPECT_TRUE(contains(text, "'waiter', spawned at .*: parked for .*: " + kind + " 0x[0-9a-f]+" + k_held_by_main))
      << text;
  EXPECT_EQ(text.find("crosswise"), std::string::npos) << text;
  m.unlock();
  waiter.join();
}

FIBER_TEST(lock_dump, says_which_mutex_a_fiber_waits_for_and_who_holds_it) {
  expect_shown<weft::mutex>("mutex");
  expect_shown<weft::recursive_mutex>("recursive mutex");
}

// A note that stayed behind would be told of the wait that follows.
FIBER_TEST(lock_dump, says_nothing_of_a_mutex_that_is_no_longer_waited_for) {
  weft::mutex m;
  m.lock();
  auto waiter = weft::spawn({.name = "waiter"}, [&m] {
    m.lock();
    m.unlock();
    weft::this_fiber::sleep_for(std::chrono::hours(1));
  });
  weft::testing::wait_until_all_parked();
  m.unlock();
  weft::testing::wait_until_all_parked();
  const std::string text = dump_of_locks();
  EXPECT_TRUE(contains(text, "'waiter', spawned at .*: parked for .*: sleep\n")) << text;
}

#ifdef WEFT_TRACKS_OWNERS
TEST(lock_dump, names_fibers_that_lock_crosswise_first) {
  std::string text;
  try {
    weft::simulate({.seed = 1}, [] {
      weft::mutex a;
      weft::mutex b;
      weft::latch both_hold_one{2};
      const auto cross = [&both_hold_one](weft::mutex& first, weft::mutex& second) {
        const std::scoped_lock held(first);
        both_hold_one.arrive_and_wait();
        const std::scoped_lock wanted(second);
      };
      auto one = weft::spawn({.name = "one"}, [&] { cross(a, b); });
      auto two = weft::spawn({.name = "two"}, [&] { cross(b, a); });
      one.join();
    });
  } catch (const weft::deadlock& told) {
    text = told.what();
  }
  EXPECT_TRUE(contains(text,
                       "\nweft: 3 fibers\n"
                       "locked crosswise: fiber #2 'one' waits for mutex 0x[0-9a-f]+, which fiber #3 'two' holds, "
                       "who waits for mutex 0x[0-9a-f]+, which fiber #2 'one' holds\n"
                       "fiber #1 'main'"))
      << text;
}
#endif

}  // namespace
