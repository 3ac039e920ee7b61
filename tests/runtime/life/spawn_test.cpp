// How fibers begin, and how their results are met: spawn.hpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

struct throws_on_move {
  std::string text;
  explicit throws_on_move(std::string t) : text(std::move(t)) {}
  throws_on_move(const throws_on_move&) = default;
  throws_on_move(throws_on_move&& from) noexcept(false) : text(from.text) {}  // NOLINT: that is the point
};

FIBER_TEST(runtime, join_returns_what_the_function_returned) {
  EXPECT_EQ(weft::spawn([] { return 42; }).join(), 42);
  EXPECT_EQ(weft::spawn([](int a, int b) { return a - b; }, 7, 2).join(), 5);
  EXPECT_EQ(*weft::spawn([p = std::make_unique<int>(3)]() mutable { return std::move(p); }).join(), 3);
  EXPECT_EQ(weft::spawn([] { return throws_on_move("boxed"); }).join().text, "boxed");
  EXPECT_EQ((weft::spawn([] { return std::array<char, 4096>{'x'}; }).join()[0]), 'x');
  int target = 0;
  int& reference = weft::spawn([&]() -> int& { return target; }).join();
  EXPECT_EQ(&reference, &target);
  weft::spawn([] {}).join();
}

// As std::thread would: called for the last time.
struct at_its_end {
  std::unique_ptr<int> value = std::make_unique<int>(8);
  std::unique_ptr<int> operator()() && { return std::move(value); }
};

FIBER_TEST(runtime, a_function_may_be_callable_as_an_rvalue_alone) {
  EXPECT_EQ(*weft::spawn(at_its_end()).join(), 8);
  EXPECT_EQ(*weft::spawn({.name = "named"}, at_its_end()).join(), 8);
  weft::go(at_its_end());
  weft::task_group group;
  group.go(at_its_end());
  group.go({.name = "named"}, at_its_end());
  group.wait();
  auto owner = std::make_unique<int>(9);
  std::unique_ptr<int>&& same = weft::spawn([&]() -> std::unique_ptr<int>&& { return std::move(owner); }).join();
  EXPECT_EQ(&same, &owner);
  std::unique_ptr<int>&& blocked = weft::blocking([&]() -> std::unique_ptr<int>&& { return std::move(owner); });
  EXPECT_EQ(&blocked, &owner);
}

TEST(run, takes_a_function_that_is_callable_as_an_rvalue_alone) {
  EXPECT_EQ(*weft::run({.workers = 1}, at_its_end()), 8);
  weft::runtime rt({.workers = 1});
  EXPECT_EQ(*rt.run(at_its_end()), 8);
  rt.go(at_its_end());
}

FIBER_TEST(runtime, arguments_are_moved_into_the_fiber) {
  auto text = std::make_unique<std::string>("moved");
  auto handle = weft::spawn([](std::unique_ptr<std::string> mine, const std::string& other) { return *mine + other; },
                            std::move(text), "!");
  EXPECT_EQ(handle.join(), "moved!");
}

struct account {
  int balance = 40;
  int after(int payment) const { return balance + payment; }
};

FIBER_TEST(runtime, a_pointer_to_a_member_is_called_as_std_invoke_does) {
  account mine;
  EXPECT_EQ(weft::spawn(&account::after, mine, 2).join(), 42);
  EXPECT_EQ(weft::spawn(&account::after, &mine, 2).join(), 42);
  EXPECT_EQ(weft::spawn(&account::after, std::make_unique<account>(), 2).join(), 42);
  mine.balance = 50;
  EXPECT_EQ(weft::spawn(&account::after, std::ref(mine), 2).join(), 52);
  EXPECT_EQ(weft::spawn(&account::balance, &mine).join(), 50);
}

// Neither its move nor its destruction is trivial, and it has no room in the fiber's storage.
struct big_result {
  std::array<std::string, 8> texts;
};

FIBER_TEST(runtime, a_result_of_any_kind_comes_through_join) {
  EXPECT_EQ(weft::spawn([] { return big_result{{"a", "b"}}; }).join().texts[1], "b");
  EXPECT_EQ(*weft::spawn([] { return std::make_unique<int>(7); }).join(), 7);
  int outside = 1;
  EXPECT_EQ(&weft::spawn([&]() -> int& { return outside; }).join(), &outside);
  const auto constant = []() -> const std::string { return "constant"; };
  EXPECT_EQ(weft::spawn(constant).join(), "constant");
}

static_assert(!std::is_constructible_v<weft::join_handle<int>, weft::join_handle<void>>);
static_assert(!std::is_assignable_v<weft::join_handle<int>&, weft::join_handle<void>>);
static_assert(std::is_nothrow_move_constructible_v<weft::join_handle<int>> &&
              std::is_nothrow_move_assignable_v<weft::join_handle<int>> &&
              !std::is_copy_constructible_v<weft::join_handle<int>>);

FIBER_TEST(runtime, join_rethrows) {
  auto handle = weft::spawn([]() -> int { throw std::runtime_error("from the fiber"); });
  try {
    handle.join();
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "from the fiber");
  }
}

FIBER_TEST(runtime, a_second_join_throws) {
  auto handle = weft::spawn([] { return 1; });
  handle.join();
  EXPECT_FALSE(handle.joinable());
  EXPECT_THROW(handle.join(), std::system_error);
}

FIBER_TEST(runtime, the_closure_dies_on_the_fiber_and_the_result_with_the_handle) {
  auto shared = std::make_shared<int>(1);
  {
    auto handle = weft::spawn([shared] { return shared; });
    weft::testing::wait_until([&] { return shared.use_count() == 2; });  // ours and the result's
  }
  EXPECT_EQ(shared.use_count(), 1);
}

FIBER_TEST(runtime, destroying_a_handle_cancels_and_joins) {
  bool unwound = false;
  {
    auto handle = weft::spawn([&unwound] {
      struct at_exit {
        bool& flag;
        ~at_exit() { flag = true; }
      } guard{unwound};
      weft::this_fiber::sleep_for(1h);
    });
    weft::this_fiber::yield();
  }
  // Either it was cancelled in its sleep, or before its first turn; in neither case does it run on.
  auto probe = weft::spawn([] { weft::this_fiber::sleep_for(1h); });
  weft::testing::wait_until_all_parked();
  probe = weft::join_handle<void>();  // assigning over a live one does the same
  EXPECT_FALSE(probe.joinable());
  SUCCEED() << unwound;
}

FIBER_TEST(runtime, a_cancelled_fiber_is_unwound_and_join_says_so) {
  std::atomic<bool> sleeping{false};
  std::atomic<bool> unwound{false};
  auto handle = weft::spawn([&] {
    struct at_exit {
      std::atomic<bool>& flag;
      ~at_exit() { flag = true; }
    } guard{unwound};
    sleeping = true;
    weft::this_fiber::sleep_for(1h);
  });
  weft::testing::wait_until([&] { return sleeping.load(); });
  handle.request_stop();
  try {
    handle.join();
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::operation_canceled);
  }
  EXPECT_TRUE(unwound);
}

FIBER_TEST(runtime, detach_lets_go) {
  auto done = std::make_shared<std::atomic<bool>>(false);
  weft::spawn([done] {
    weft::this_fiber::yield();
    *done = true;
  }).detach();
  weft::testing::wait_until([&] { return done->load(); });
}

FIBER_TEST(runtime, a_plain_thread_may_join) {
  auto handle = weft::spawn([] {
    weft::this_fiber::sleep_for(1ms);
    return 9;
  });
  std::atomic<int> seen{0};
  std::thread thread([&] { seen = handle.join(); });
  weft::testing::wait_until([&] { return seen != 0; });  // std::thread::join would block the worker
  thread.join();
  EXPECT_EQ(seen, 9);
}

FIBER_TEST(runtime, a_fiber_has_its_name_and_site) {
  auto handle = weft::spawn({.name = "a name that is longer than it may be"}, [] { weft::this_fiber::sleep_for(1h); });
  weft::testing::wait_until_all_parked();
  bool found = false;
  for (const weft::fiber_info& f : weft::snapshot().fibers) {
    if (f.id != handle.get_id()) continue;
    found = true;
    EXPECT_EQ(f.name, "a name that is longer t");
    EXPECT_EQ(f.state, weft::fiber_state::parked);
    EXPECT_EQ(f.waits_for, "sleep");
    EXPECT_NE(f.spawned_at.find("spawn_test.cpp:"), std::string::npos) << f.spawned_at;
  }
  EXPECT_TRUE(found);
}

FIBER_TEST(runtime, a_stack_size_that_cannot_be_is_refused_and_costs_nothing) {
  constexpr std::size_t k_size = (std::size_t{1} << 30) + 1;
  try {
    weft::go({.stack_size = k_size}, [] { ADD_FAILURE() << "it ran"; });
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("stack_size=1073741825"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("at most 1 GiB"), std::string::npos) << e.what();
  }
  EXPECT_THROW((void)weft::spawn({.stack_size = 1}, [] { return 7; }), std::invalid_argument);
}

FIBER_TEST(runtime, a_snapshot_says_how_deep_a_stack_was_used) {
  constexpr std::size_t k_depth = std::size_t{300} << 10;
  constexpr std::size_t k_size = std::size_t{512} << 10;
  auto handle = weft::spawn({.stack_size = k_size}, [] {
    volatile char deep[k_depth];  // or the optimiser sees that one byte would do
    for (volatile char& each : deep) each = 1;
    weft::this_fiber::sleep_for(1h);
    EXPECT_EQ(deep[0], 1);  // it is there to the end
  });
  weft::testing::wait_until_all_parked();
  const weft::process_snapshot now = weft::snapshot();
  const auto fiber = std::find_if(now.fibers.begin(), now.fibers.end(),
                                  [&](const weft::fiber_info& f) { return f.id == handle.get_id(); });
  ASSERT_NE(fiber, now.fibers.end());
  EXPECT_GE(fiber->stack_used, k_depth);
  EXPECT_LT(fiber->stack_used, k_size);
  const auto stacks =
      std::find_if(now.stacks.begin(), now.stacks.end(), [](const weft::stack_info& s) { return s.size == k_size; });
  ASSERT_NE(stacks, now.stacks.end());
  EXPECT_GE(stacks->promised, 1u);
  EXPECT_GE(stacks->deepest, k_depth);
}

FIBER_TEST(runtime, many_fibers_spawn_and_join_from_everywhere) {
  std::atomic<int> count{0};
  std::vector<weft::join_handle<void>> handles;
  for (int i = 0; i < 100; ++i)
    handles.push_back(weft::spawn([&count] {
      std::vector<weft::join_handle<void>> inner;
      for (int k = 0; k < 10; ++k) inner.push_back(weft::spawn([&count] { ++count; }));
      for (auto& each : inner) each.join();
    }));
  for (auto& each : handles) each.join();
  EXPECT_EQ(count, 1000);
}

FIBER_TEST(runtime, a_fiber_that_joins_itself_is_told_so_and_its_handle_stays) {
  weft::join_handle<void> handle;
  std::atomic<bool> is_there{false};
  std::atomic<int> said{0};
  handle = weft::spawn([&] {
    while (!is_there) weft::this_fiber::yield();
    try {
      handle.join();
    } catch (const std::system_error& refused) {
      said = refused.code().value();
    }
  });
  is_there = true;
  while (said == 0) weft::this_fiber::yield();
  handle.join();
  EXPECT_EQ(said, static_cast<int>(std::errc::resource_deadlock_would_occur));
}

// Whatever ends the handle; the fiber runs on and is not cancelled.
template <class End>
void expect_detached_by_itself(End end) {
  struct session {
    weft::join_handle<void> serving;
  };
  std::atomic<bool> is_alone{false}, has_ended{false};
  auto owner = std::make_shared<session>();
  owner->serving = weft::spawn([mine = owner, &end, &is_alone, &has_ended]() mutable {
    while (!is_alone) weft::this_fiber::yield();
    end(mine);
    for (int i = 0; i < 3; ++i) weft::this_fiber::yield();
    has_ended = true;
  });
  owner.reset();
  is_alone = true;
  while (!has_ended) weft::this_fiber::yield();
}

FIBER_TEST(runtime, a_fiber_that_ends_its_own_handle_is_detached) {
  expect_detached_by_itself([](auto& owner) { owner.reset(); });
  expect_detached_by_itself([](auto& owner) { owner->serving = {}; });
  expect_detached_by_itself([](auto& owner) { owner->serving = weft::spawn([] {}); });
  expect_detached_by_itself([](auto&) {});  // with its closure
}

// --- An exception that nobody takes.

struct heard_exception {
  std::string what;
  std::string name;
  std::string site;
};
std::vector<heard_exception>& all_heard() {
  static std::vector<heard_exception> all;
  return all;
}

void hear(const weft::dropped_exception& dropped) {
  weft::this_fiber::yield();  // it may park, though the handle's end is noexcept
  try {
    std::rethrow_exception(dropped.thrown);
  } catch (const std::exception& e) {
    all_heard().push_back({e.what(), std::string(dropped.name), std::string(dropped.spawned_at)});
  }
}

void throw_dropped() { throw std::runtime_error("nobody joins"); }

TEST(spawn, an_exception_that_is_dropped_with_its_handle_is_told_to_who_wants_to_hear) {
  all_heard().clear();
  weft::run(weft::options{.workers = 2, .on_dropped_exception = &hear}, [] {
    const auto ended = [] {
      auto handle = weft::spawn({.name = "dropped"}, throw_dropped);
      weft::testing::wait_until_all_parked();
      return handle;
    };
    static_cast<void>(ended());
    auto assigned_over = ended();
    assigned_over = {};
    EXPECT_THROW(ended().join(), std::runtime_error) << "it was taken";
    auto cancelled = weft::spawn([] { weft::this_fiber::sleep_for(1h); });
    auto returned = weft::spawn([] { return 1; });
  });
  ASSERT_EQ(all_heard().size(), 2u);
  for (const heard_exception& each : all_heard()) {
    EXPECT_EQ(each.what, "nobody joins");
    EXPECT_EQ(each.name, "dropped");
    EXPECT_NE(each.site.find("spawn_test.cpp:"), std::string::npos) << each.site;
  }
}

TEST(spawn, outside_a_runtime_is_refused_by_name) {
  try {
    weft::go([] {});
    FAIL();
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find("outside a runtime"), std::string::npos);
  }
}

FIBER_TEST(runtime, a_stack_that_cannot_be_is_refused) {
  EXPECT_THROW(weft::go({.stack_size = std::size_t{1} << 40}, [] {}), std::invalid_argument);
  int deep = weft::spawn({.stack_size = 4 << 20}, [] {
               volatile char big[3 << 20];
               big[0] = 1;
               big[sizeof big - 1] = 2;
               return big[0] + big[sizeof big - 1];
             }).join();
  EXPECT_EQ(deep, 3);
}

using spawn_death_test = testing::Test;

TEST(spawn_death_test, an_exception_out_of_a_detached_fiber_names_it) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(weft::run(weft::options{.workers = 1},
                         [] {
                           weft::go({.name = "unlucky"}, [] { throw std::runtime_error("nobody looks"); });
                           weft::this_fiber::sleep_for(1h);
                         }),
               "fiber #[0-9]+ 'unlucky', spawned at .*spawn_test.cpp:[0-9]+: nobody looks");
}

}  // namespace
