// What std_shim/thread.hpp promises.

#include <weft/std_shim/thread.hpp>

#include <atomic>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>

namespace {

using weft::testing::expect_error;

// A noexcept frame below an exception that nobody catches is unwound to by some compilers before they terminate
// (terminate_test.cpp): there is none, whatever the compiler.
static_assert(!noexcept(weft::detail::thread_body<void (*)()>::run(nullptr, true)));

FIBER_TEST(thread, runs_its_function_with_its_arguments_and_is_joined) {
  int sum = 0;
  auto cargo = std::make_unique<int>(3);
  weft::thread t([&sum](int a, std::unique_ptr<int> b, int& c) { sum = a + *b + c; }, 1, std::move(cargo),
                 std::ref(sum));
  EXPECT_TRUE(t.joinable());
  EXPECT_NE(t.get_id(), weft::thread::id());
  t.join();
  EXPECT_EQ(sum, 4);
  EXPECT_FALSE(t.joinable());
  EXPECT_EQ(t.get_id(), weft::thread::id());
}

FIBER_TEST(thread, knows_itself_by_the_same_id) {
  weft::thread::id inside;
  weft::thread t([&] { inside = weft::this_fiber::get_id(); });
  const auto outside = t.get_id();
  t.join();
  EXPECT_EQ(inside, outside);
}

FIBER_TEST(thread, its_id_is_compared_hashed_and_printed) {
  weft::thread a([] {}), b([] {});
  EXPECT_NE(a.get_id(), b.get_id());
  EXPECT_TRUE((a.get_id() < b.get_id()) != (b.get_id() < a.get_id()));
  EXPECT_EQ((std::unordered_set<weft::thread::id>{a.get_id(), b.get_id(), a.get_id()}).size(), 2u);
  std::ostringstream one, other;
  one << a.get_id();
  other << b.get_id();
  EXPECT_NE(one.str(), other.str());
  a.join();
  b.join();
}

// As std's: it calls a copy of its own, as an rvalue.
FIBER_TEST(thread, calls_what_can_be_called_only_once) {
  struct once {
    bool& called;
    void operator()() && { called = true; }
  };
  bool called = false;
  weft::thread(once{called}).join();
  EXPECT_TRUE(called);
}

FIBER_TEST(thread, moves_and_swaps) {
  weft::thread a([] {}), b;
  const auto id = a.get_id();
  b = std::move(a);
  EXPECT_FALSE(a.joinable());
  swap(a, b);
  EXPECT_EQ(a.get_id(), id);
  weft::thread c(std::move(a));
  EXPECT_EQ(c.get_id(), id);
  c.join();
  EXPECT_GT(weft::thread::hardware_concurrency(), 0u);
}

FIBER_TEST(thread, detached_it_goes_on_alone) {
  const weft::channel<int> done;
  {
    weft::thread t([done] { done.send(1); });
    t.detach();
    EXPECT_FALSE(t.joinable());
  }
  EXPECT_EQ(done.recv(), 1);
}

FIBER_TEST(thread, refuses_what_std_refuses) {
  expect_error(std::errc::invalid_argument, [] { weft::thread().join(); });
  expect_error(std::errc::invalid_argument, [] { weft::thread().detach(); });
}

FIBER_TEST(thread, refuses_to_join_itself) {
  const weft::channel<weft::thread*> self;
  std::errc said{};
  weft::thread t([&] {
    try {
      (*self.recv())->join();
    } catch (const std::system_error& refused) {
      said = static_cast<std::errc>(refused.code().value());
    }
  });
  self.send(&t);
  t.join();
  EXPECT_EQ(said, std::errc::resource_deadlock_would_occur);
}

// The owner is cancelled while it waits in join(): the thread is cancelled too, joined, and nothing terminates.
FIBER_TEST(thread, of_an_owner_who_is_cancelled_is_cancelled_and_joined) {
  std::atomic<bool> unwound{false}, begun{false};
  struct on_exit {
    std::atomic<bool>& flag;
    ~on_exit() { flag = true; }
  };
  auto owner = weft::spawn([&] {
    weft::thread t([&] {
      const on_exit mark{unwound};
      begun = true;
      weft::channel<int>().recv();
    });
    t.join();
  });
  weft::testing::wait_until([&] { return begun.load(); });
  owner.request_stop();
  EXPECT_THROW(owner.join(), std::system_error);
  EXPECT_TRUE(unwound);
}

// Cancelled before its first turn (the one worker is busy with the test), it has ended like any other.
TEST(thread, that_never_began_is_joined_like_any_other) {
  weft::run(weft::options{.workers = 1}, [] {
    auto owner = weft::spawn([] {
      weft::thread t([] {});
      throw std::runtime_error("before it began");
    });
    EXPECT_THROW(owner.join(), std::runtime_error);
  });
}

FIBER_TEST(thread, of_an_owner_who_throws_is_cancelled_and_joined) {
  EXPECT_THROW(
      {
        weft::thread t([] { weft::channel<int>().recv(); });
        throw std::runtime_error("mine");
      },
      std::runtime_error);
}

TEST(thread, outside_a_runtime_cannot_begin) {
  EXPECT_THROW(weft::thread([] {}), std::logic_error);
}

TEST(thread_death, destroyed_joinable_terminates) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(weft::run([] { weft::thread t([] { weft::channel<int>().recv(); }); }), "");
}

TEST(thread_death, assigned_over_joinable_terminates) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(weft::run([] {
                 weft::thread t([] { weft::channel<int>().recv(); });
                 t = weft::thread();
               }),
               "");
}

TEST(thread_death, an_exception_out_of_its_function_terminates) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(weft::run([] { weft::thread([] { throw std::runtime_error("mine"); }).join(); }), "mine");
}

}  // namespace
