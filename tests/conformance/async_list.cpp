// What [futures.async] says of async.

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/copies.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

template <class World>
using async_future_of = typename World::async_future;

CONFORMANCE_LIST(async_list, async_future_of);

CONFORMS(async_list, runs_on_a_thread_of_its_own) {
  const auto self = World::get_id();
  auto f = World::async(std::launch::async, [] { return World::get_id(); });
  EXPECT_NE(f.get(), self);
}

CONFORMS(async_list, runs_beside_its_caller) {
  std::atomic<bool> begun{false}, may_end{false};
  auto f = World::async(std::launch::async, [&] {
    begun = true;
    wait_until([&] { return may_end.load(); });
    return 1;
  });
  wait_until([&] { return begun.load(); });
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  may_end = true;
  EXPECT_EQ(f.wait_for(std::chrono::hours(1)), std::future_status::ready);
  EXPECT_EQ(f.get(), 1);
}

CONFORMS(async_list, without_a_policy_gives_the_result_all_the_same) {
  auto f = World::async([](int a, int b) { return a + b; }, 2, 3);
  static_assert(std::is_same_v<decltype(f), async_future_of<World>>);
  EXPECT_EQ(f.get(), 5);
  auto either = World::async(std::launch::async | std::launch::deferred, [] { return std::string("either"); });
  EXPECT_EQ(either.get(), "either");
}

CONFORMS(async_list, what_it_throws_is_thrown_by_get) {
  for (const auto policy : {std::launch::async, std::launch::deferred}) {
    auto f = World::async(policy, []() -> int { throw std::runtime_error("mine"); });
    EXPECT_THROW(f.get(), std::runtime_error);
    EXPECT_FALSE(f.valid());
  }
}

CONFORMS(async_list, deferred_runs_on_whoever_waits_first) {
  int runs = 0;
  auto f = World::async(std::launch::deferred, [&] {
    ++runs;
    return World::get_id();
  });
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::deferred);
  EXPECT_EQ(f.wait_until(std::chrono::steady_clock::now()), std::future_status::deferred);
  EXPECT_EQ(runs, 0);
  f.wait();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(f.get(), World::get_id());
  EXPECT_EQ(runs, 1);
}

CONFORMS(async_list, deferred_and_shared_runs_once_for_all) {
  std::atomic<int> runs{0}, sum{0};
  const auto f = World::async(std::launch::deferred, [&] {
                   World::yield();
                   return ++runs;
                 }).share();
  on_threads<World>(3, [&, f](int) {
    const auto mine = f;
    sum += mine.get();
  });
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(sum, 3);
}

CONFORMS(async_list, deferred_that_nobody_waits_for_never_runs) {
  const auto cargo = std::make_shared<int>(0);
  {
    const auto f = World::async(std::launch::deferred, [cargo] { ++*cargo; });
  }
  EXPECT_EQ(*cargo, 0);
  EXPECT_EQ(cargo.use_count(), 1);
}

CONFORMS(async_list, copies_or_moves_what_it_is_given) {
  int there = 0;
  std::string text = "copied";
  for (const auto policy : {std::launch::async, std::launch::deferred}) {
    auto f = World::async(
        policy,
        [](std::unique_ptr<int> cargo, int& referred, const std::string& s) {
          referred = *cargo;
          return s;
        },
        std::make_unique<int>(3), std::ref(there), text);
    text = "changed";
    EXPECT_EQ(f.get(), "copied");
    EXPECT_EQ(std::exchange(there, 0), 3);
    text = "copied";
  }
}

CONFORMS(async_list, calls_as_invoke_does) {
  struct counter {
    int value = 0;
    int add(int n) { return value += n; }
  };
  counter c;
  EXPECT_EQ(World::async(std::launch::async, &counter::add, &c, 2).get(), 2);
  EXPECT_EQ(World::async(std::launch::deferred, &counter::add, std::ref(c), 2).get(), 4);
  struct once_only {
    int operator()() && { return 6; }
  };
  EXPECT_EQ(World::async(std::launch::async, once_only()).get(), 6);
  EXPECT_EQ(World::async(std::launch::deferred, once_only()).get(), 6);
}

CONFORMS(async_list, returns_references_and_nothing) {
  int there = 0;
  auto reference = World::async(std::launch::async, [&]() -> int& { return there; });
  static_assert(std::is_same_v<decltype(reference.get()), int&>);
  EXPECT_EQ(&reference.get(), &there);
  auto nothing = World::async(std::launch::async, [&] { there = 1; });
  nothing.get();
  EXPECT_EQ(there, 1);
}

// [futures.async]/5.3: the end of the thread synchronizes with the release of the state by the last that refers to it.
CONFORMS(async_list, the_last_future_waits_for_the_end) {
  bool ended = false;
  {
    const auto f = World::async(std::launch::async, [&] {
      for (int i = 0; i < 10; ++i) World::yield();
      ended = true;
    });
  }
  EXPECT_TRUE(ended);
  ended = false;
  static_cast<void>(World::async(std::launch::async, [&] {
    for (int i = 0; i < 10; ++i) World::yield();
    ended = true;
  }));
  EXPECT_TRUE(ended);
}

CONFORMS(async_list, the_last_shared_future_waits_for_the_end) {
  bool ended = false;
  {
    const auto f = World::async(std::launch::async, [&] {
                     for (int i = 0; i < 10; ++i) World::yield();
                     ended = true;
                   }).share();
    { const auto copy = f; }
  }
  EXPECT_TRUE(ended);
}

CONFORMS(async_list, nests) {
  const std::function<int(int)> sum_to = [&](int n) -> int {
    if (n == 0) return 0;
    auto rest = World::async(std::launch::async, sum_to, n - 1);
    return n + rest.get();
  };
  EXPECT_EQ(sum_to(8), 36);
}

CONFORMS(async_list, copies_its_function_and_arguments_once) {
  for (const std::launch policy : {std::launch::async, std::launch::deferred})
    expect_one_copy_alone(
        [policy](auto&&... given) { World::async(policy, std::forward<decltype(given)>(given)...).get(); });
}

}  // namespace
}  // namespace weft::testing
