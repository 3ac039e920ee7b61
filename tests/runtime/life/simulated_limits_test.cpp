// What ends a fiber or a wait from outside, under thousands of orders: time limits, shield, the handle of a fiber.

#include <gtest/gtest.h>
#include <support/counted.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <support/simulated.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::counted;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::must;

// A place for one value, handed to who waits for it: the least that can lose one.
class place {
 public:
  void put(int value) {
    const weft::detail::scheduling_points around;
    weft::detail::won_chain woken;
    const weft::detail::internal_guard held(lock_);
    value_ = value;
    weft::detail::claimed won;
    if (auto* const node = waiters_.claim_front(weft::detail::wake_reason::ready, won)) woken.add(*node, won);
  }

  // A cancellation point.
  int take() {
    weft::detail::cancellation_point();
    weft::detail::wait_node node;
    for (;;) {
      {
        const weft::detail::internal_guard held(lock_);
        if (value_ != 0) return std::exchange(value_, 0);
        node.token = weft::detail::arm(weft::detail::cancellation::honoured);
        waiters_.push_back(node);
      }
      if (weft::detail::park(node.token, weft::deadline::never(), "place") == weft::detail::wake_reason::ready)
        continue;
      {
        const weft::detail::internal_guard held(lock_);
        waiters_.remove(node);
      }
      weft::detail::throw_cancelled();
    }
  }

  [[nodiscard]] int left() {
    const weft::detail::internal_guard held(lock_);
    return value_;
  }

 private:
  weft::detail::internal_lock lock_;
  int value_ = 0;
  weft::detail::wait_list waiters_;
};

// --- A value that comes at the limit is returned, or still there.

template <class F>
std::optional<int> within_10_us(F f) {
  return weft::try_with_timeout(10us, f);
}

// Drops what came too late.
template <class F>
std::optional<int> punctual_within_10_us(F f) {
  const auto limit = weft::clock::now() + 10us;
  const std::optional<int> got = weft::try_with_timeout(10us, f);
  return weft::clock::now() < limit ? got : std::nullopt;
}

template <class Within>
void a_value_at_the_limit(Within within) {
  place values;
  auto taker = weft::spawn([&] { return within([&values] { return values.take(); }); });
  weft::this_fiber::sleep_for(10us);
  values.put(42);
  const std::optional<int> got = taker.join();
  must(got.value_or(0) + values.left() == 42, "the value was lost");
}

TEST(simulated_with_timeout, loses_no_value_at_the_limit) {
  expect_holds([] { a_value_at_the_limit([](auto f) { return within_10_us(f); }); });
}
TEST(simulated_with_timeout, loses_no_value_and_the_test_would_see_it) {
  expect_found(20, [] { a_value_at_the_limit([](auto f) { return punctual_within_10_us(f); }); });
}

// A limit in a limit, a cancellation from outside, all at one moment: each is told by the layer that it is for, and
// what is asked from outside is not forgotten.
void limits_and_a_cancellation() {
  std::string told;
  auto limited = weft::spawn([&told] {
    try {
      weft::with_deadline(weft::clock::now() + 10us, [&told] {
        try {
          weft::with_timeout(10us, [] { weft::this_fiber::sleep_for(1h); });
        } catch (const weft::timed_out&) {
          told += "inner ";
        }
        weft::this_fiber::sleep_for(1h);
      });
    } catch (const weft::timed_out&) {
      told += "outer ";
    }
    weft::this_fiber::sleep_for(1us);  // where it is cancelled
    told += "never ";
  });
  weft::this_fiber::sleep_for(10us);
  limited.request_stop();
  try {
    limited.join();
    told += "returned ";
  } catch (const std::system_error& e) {
    must(e.code() == std::errc::operation_canceled, e.what());
  }
  must(told.empty() || told == "inner " || told == "outer " || told == "inner outer ", "told: " + told);
}

TEST(simulated_with_timeout, tells_each_limit_to_its_own) { expect_holds(limits_and_a_cancellation); }

// --- What is shielded is done, whenever it is cancelled.

template <class Shield>
void what_is_shielded_is_done(Shield with_shield) {
  std::atomic<int> begun{0};
  std::atomic<int> done{0};
  std::atomic<bool> went_on{false};
  auto working = weft::spawn([&] {
    try {
      weft::with_timeout(2us, [&] {
        with_shield([&] {
          ++begun;
          weft::this_fiber::sleep_for(2us);
          weft::this_fiber::yield();
          ++done;
        });
      });
    } catch (const weft::timed_out&) {
    }
    weft::this_fiber::yield();
    went_on = true;
  });
  auto canceller = weft::spawn([&] { working.request_stop(); });
  await_stillness();
  canceller.join();
  working = {};
  must(begun == done, "it was begun, and not done");
  must(!went_on, "and goes on, though it was cancelled");
}

TEST(simulated_shield, lets_be_done_what_was_begun) {
  expect_holds([] { what_is_shielded_is_done([](auto f) { weft::shield(f); }); });
}
TEST(simulated_shield, as_a_guard_lets_be_done_what_was_begun) {
  expect_holds([] {
    what_is_shielded_is_done([](auto f) {
      const weft::shield_guard held;
      f();
    });
  });
}
TEST(simulated_shield, lets_be_done_and_the_test_would_see_it) {
  expect_found(20, [] { what_is_shielded_is_done([](auto f) { f(); }); });
}

// --- The handle: cancelled, left and let go just as the fiber ends.

void cancelled_as_it_ends() {
  std::atomic<int> alive{0};
  std::atomic<bool> has_returned{false};
  auto ending = weft::spawn([&has_returned, here = counted(alive)] {
    weft::this_fiber::yield();
    has_returned = true;
    return here;
  });
  auto canceller = weft::spawn([&ending] { ending.request_stop(); });
  canceller.join();
  try {
    const counted got = ending.join();
    must(has_returned && alive == 1, "more is alive than what was returned");
  } catch (const std::system_error& e) {
    must(e.code() == std::errc::operation_canceled, e.what());
    must(!has_returned, "what was returned is lost");
  }
  must(alive == 0, "a closure or an outcome is left");
}

TEST(simulated_join_handle, returns_what_there_is_though_it_is_cancelled) { expect_holds(cancelled_as_it_ends); }

// Who joins is cancelled: the handle is joinable still, or what it held is gone. Beside one that lets go.
void joined_by_who_is_cancelled() {
  std::atomic<int> alive{0};
  auto let_go = weft::spawn([here = counted(alive)] { weft::this_fiber::yield(); });
  auto joiner = weft::spawn([&alive] {
    auto ending = weft::spawn([here = counted(alive)] {
      weft::this_fiber::yield();
      return here;
    });
    try {
      const counted got = ending.join();
      must(!ending.joinable(), "joined, and joinable");
    } catch (const weft::cancelled&) {
      must(ending.joinable(), "cancelled, and what it joined is lost");
      throw;
    }
  });
  joiner.request_stop();
  let_go.detach();
  joiner = {};
  await_stillness();
  must(alive == 0, "a closure or an outcome is left");
}

TEST(simulated_join_handle, is_kept_by_who_is_cancelled_while_it_joins) { expect_holds(joined_by_who_is_cancelled); }

// --- A fiber's own values are gone when it has been joined, however it ended, and what their destructors do is done.

void values_end_with_their_fiber() {
  std::atomic<int> alive{0};
  struct slow : counted {
    using counted::counted;
    slow(const slow&) = default;
    ~slow() { weft::this_fiber::sleep_for(1us); }  // shielded, as every destructor of a fiber's value
  };
  const weft::fiber_local<slow> value([&alive] { return slow(alive); });
  const auto use = [&value] {
    (void)value.get();
    weft::this_fiber::yield();
  };
  auto a = weft::spawn(use), b = weft::spawn(use);
  b.request_stop();
  a.join();
  b = {};
  must(alive == 0, "a value has outlived its fiber");
}

TEST(simulated_fiber_local, ends_with_its_fiber) { expect_holds(values_end_with_their_fiber); }

}  // namespace
