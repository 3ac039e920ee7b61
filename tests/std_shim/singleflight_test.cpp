// What std_shim/singleflight.hpp promises.

#include <weft/std_shim/singleflight.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/event.hpp>

namespace {

using flights = weft::singleflight<std::string, int>;
using weft::testing::expect_error;
using weft::testing::wait_until;

std::size_t count_waiting_for_futures() {
  std::size_t count = 0;
  for (const auto& fiber : weft::snapshot().fibers)
    if (fiber.state == weft::fiber_state::parked && std::string_view(fiber.waits_for) == "future") ++count;
  return count;
}

FIBER_TEST(singleflight, alone_it_just_runs) {
  flights all;
  const auto [value, shared] = all.run("key", [] { return 42; });
  EXPECT_EQ(value, 42);
  EXPECT_FALSE(shared);
  EXPECT_EQ(all.run("key", [] { return 43; }).value, 43) << "nothing is kept";
}

FIBER_TEST(singleflight, those_who_come_meanwhile_share_one_run) {
  flights all;
  weft::event go_on;
  std::atomic<int> runs{0};
  const auto call = [&] {
    return all.run("key", [&] {
      go_on.wait();
      return ++runs;
    });
  };
  std::vector<weft::join_handle<flights::result>> callers;
  for (int i = 0; i < 5; ++i) callers.push_back(weft::spawn(call));
  wait_until([] { return count_waiting_for_futures() == 5; });
  EXPECT_EQ(all.run("other", [] { return 7; }).value, 7) << "another key waits for nobody";
  go_on.set();
  for (auto& each : callers) {
    const auto [value, shared] = each.join();
    EXPECT_EQ(value, 1);
    EXPECT_TRUE(shared);
  }
}

// All keys but a few hang in chains with others.
struct of_few_values {
  std::size_t operator()(int key) const noexcept { return static_cast<std::size_t>(key % 3); }
};

FIBER_TEST(singleflight, many_keys_are_under_way_at_once_and_one_is_not_taken_for_another) {
  constexpr int k_keys = 100;
  weft::singleflight<int, int, of_few_values> all;
  weft::event go_on;
  std::vector<weft::join_handle<decltype(all)::result>> callers;
  for (int round = 0; round < 2; ++round) {
    for (int key = 0; key < k_keys; ++key)
      callers.push_back(weft::spawn([&, key, round] {
        return all.run(key, [&go_on, key, round] {
          go_on.wait();
          return 1000 * round + key;
        });
      }));
    const std::size_t asleep = callers.size();
    wait_until([&] { return count_waiting_for_futures() == asleep; });
    for (int key = 0; round == 0 && key < k_keys; key += 2) all.forget(key);
  }
  go_on.set();
  for (int i = 0; i < 2 * k_keys; ++i) {
    const int key = i % k_keys;
    const auto [value, shared] = callers[static_cast<std::size_t>(i)].join();
    EXPECT_EQ(value, key % 2 == 0 && i >= k_keys ? 1000 + key : key);
    EXPECT_EQ(shared, key % 2 != 0);
  }
}

FIBER_TEST(singleflight, an_exception_goes_to_all) {
  flights all;
  weft::event go_on;
  std::atomic<int> thrown{0};
  std::vector<weft::join_handle<void>> callers;
  for (int i = 0; i < 3; ++i)
    callers.push_back(weft::spawn([&] {
      try {
        all.run("key", [&]() -> int {
          go_on.wait();
          throw std::runtime_error("mine");
        });
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    }));
  wait_until([] { return count_waiting_for_futures() == 3; });
  go_on.set();
  for (auto& each : callers) each.join();
  EXPECT_EQ(thrown, 3);
  EXPECT_EQ(all.run("key", [] { return 1; }).value, 1);
}

// Also the one whose function it is.
FIBER_TEST(singleflight, a_caller_who_is_cancelled_takes_nothing_from_the_others) {
  flights all;
  auto go_on = std::make_shared<weft::event>();
  const auto call = [&all, go_on] {
    return all.run("key", [go_on] {
      go_on->wait();
      return 42;
    });
  };
  auto first = weft::spawn(call);
  wait_until([] { return count_waiting_for_futures() == 1; });
  auto second = weft::spawn(call);
  wait_until([] { return count_waiting_for_futures() == 2; });
  first.request_stop();
  EXPECT_THROW(first.join(), std::system_error);
  go_on->set();
  EXPECT_EQ(second.join().value, 42);
}

FIBER_TEST(singleflight, a_run_whose_callers_have_all_gone_goes_on_and_may_outlive_it) {
  auto go_on = std::make_shared<weft::event>();
  auto ended = std::make_shared<weft::event>();
  {
    flights all;
    auto only = weft::spawn([&] {
      all.run("key", [go_on, ended] {
        go_on->wait();
        ended->set();
        return 1;
      });
    });
    wait_until([] { return count_waiting_for_futures() == 1; });
    only.request_stop();
    EXPECT_THROW(only.join(), std::system_error);
  }
  go_on->set();
  ended->wait();
}

FIBER_TEST(singleflight, who_comes_after_a_key_is_forgotten_begins_a_run_of_his_own) {
  flights all;
  weft::event go_on;
  auto old = weft::spawn([&] {
    return all.run("key", [&] {
      go_on.wait();
      return 1;
    });
  });
  wait_until([] { return count_waiting_for_futures() == 1; });
  all.forget("key");
  all.forget("key");
  const auto fresh = all.run("key", [] { return 2; });
  EXPECT_EQ(fresh.value, 2);
  EXPECT_FALSE(fresh.shared);
  go_on.set();
  const auto late = old.join();
  EXPECT_EQ(late.value, 1);
  EXPECT_FALSE(late.shared);
}

// The old run, as it ends, must not take the new one off the table.
FIBER_TEST(singleflight, a_forgotten_run_that_ends_leaves_the_new_one_alone) {
  flights all;
  weft::event end_old, end_new;
  const auto begin = [&](weft::event& end, int value) {
    return weft::spawn([&all, &end, value] {
      return all.run("key", [&end, value] {
        end.wait();
        return value;
      });
    });
  };
  auto old = begin(end_old, 1);
  wait_until([] { return count_waiting_for_futures() == 1; });
  all.forget("key");
  auto fresh = begin(end_new, 2);
  wait_until([] { return count_waiting_for_futures() == 2; });
  end_old.set();
  EXPECT_EQ(old.join().value, 1);
  auto joined = begin(end_new, 3);
  wait_until([] { return count_waiting_for_futures() == 2; });
  end_new.set();
  EXPECT_EQ(fresh.join().value, 2);
  EXPECT_EQ(joined.join().value, 2);
}

TEST(singleflight, a_run_that_the_end_of_its_runtime_cancels_breaks_its_promise) {
  flights all;
  weft::event never;
  weft::promise<bool> told;
  weft::runtime other({.workers = 1});
  weft::run([&] {
    weft::go([&] {
      all.run("key", [&] {
        never.wait();
        return 1;
      });
    });
    wait_until([] { return count_waiting_for_futures() == 1; });
    other.go([&] {
      try {
        all.run("key", [] { return 2; });
        told.set_value(false);
      } catch (const std::future_error& error) {
        told.set_value(error.code() == std::future_errc::broken_promise);
      }
    });
    wait_until([] { return count_waiting_for_futures() == 2; });
  });
  EXPECT_TRUE(told.get_future().get());
  EXPECT_EQ(all.run("key", [] { return 3; }).value, 3);
}

// Every result was made by a run for its key that was under way during the call, and each run served one key.
FIBER_TEST(singleflight, serves_fibers_and_threads_together) {
  weft::singleflight<int, int> all;
  std::atomic<int> runs{0}, calls{0}, wrong{0};
  const auto work = [&](int times) {
    for (int i = 0; i < times; ++i) {
      const int key = i % 3;
      ++calls;
      const int value = all.run(key,
                                [&runs, key] {
                                  ++runs;
                                  weft::this_fiber::yield();
                                  return key * 10;
                                })
                            .value;
      if (value != key * 10) ++wrong;
    }
  };
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 6; ++i) fibers.push_back(weft::spawn([&] { work(100); }));
  std::thread plain([&] { work(100); });
  for (auto& each : fibers) each.join();
  plain.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(runs, calls);
  EXPECT_GT(runs, 0);
}

FIBER_TEST(singleflight, a_function_that_cannot_be_kept_leaves_the_key_free) {
  struct fragile {
    fragile() = default;
    fragile(const fragile&) { throw std::runtime_error("copied"); }
    int operator()() const { return 1; }
  };
  flights all;
  const fragile f;
  EXPECT_THROW(all.run("key", f), std::runtime_error);
  EXPECT_EQ(all.run("key", [] { return 2; }).value, 2);
}

FIBER_TEST(singleflight, a_function_that_asks_for_its_own_key_is_told_so) {
  flights all;
  const auto own_key = [&all] { return all.run("key", [] { return 1; }).value; };
  expect_error(std::errc::resource_deadlock_would_occur, [&] { (void)all.run("key", own_key); });
  std::thread([&] {
    expect_error(std::errc::resource_deadlock_would_occur, [&] { (void)all.run("key", own_key); });
  }).join();
  EXPECT_EQ(all.run("key", [] { return 2; }).value, 2);
}

TEST(singleflight, of_plain_threads_runs_on_the_first_of_them) {
  flights all;
  std::thread::id ran_on;
  EXPECT_EQ(all.run("key",
                    [&] {
                      ran_on = std::this_thread::get_id();
                      return 1;
                    })
                .value,
            1);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

}  // namespace
