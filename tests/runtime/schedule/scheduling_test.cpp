// Who runs when: the next slot, the ring, migration, the monitor's help, timers, and how it all goes to sleep.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;

// Two fibers that wake each other through the next slot, for as long as `on`.
class ping_pong_while {
 public:
  void start(std::atomic<bool>& on) {
    for (int side = 0; side < 2; ++side)
      sides_[side] = weft::spawn([this, side, &on] {
        while (on) {
          const wait_token mine = exchange_turns(side);
          if (park(mine, weft::deadline::after(now(), 5ms), "ping") == wake_reason::cancelled) return;
        }
      });
  }
  void join() {
    for (auto& each : sides_) each.join();
  }

 private:
  // Begins a wait, and wakes the other side if it waits.
  wait_token exchange_turns(int side) {
    claimed won;
    wait_token mine;
    {
      const internal_guard guard(lock_);
      waiting_[side] = mine = arm(cancellation::honoured);
      if (waiting_[1 - side].who != nullptr) won = claim(waiting_[1 - side], wake_reason::ready);
    }
    if (won) unpark(won);
    return mine;
  }

  weft::join_handle<void> sides_[2];
  internal_lock lock_;
  wait_token waiting_[2];
};

TEST(scheduling, a_ping_pong_does_not_starve_the_ring) {
  weft::run(weft::options{.workers = 1}, [] {
    std::atomic<bool> on{true};
    ping_pong_while pair;
    pair.start(on);
    int third = 0;
    weft::spawn([&third] {
      for (; third < 100; ++third) weft::this_fiber::yield();
    }).join();
    on = false;
    pair.join();
    EXPECT_EQ(third, 100);
  });
}

// A fiber woken into the next slot of a worker whose fiber computes on runs elsewhere.
TEST(scheduling, the_monitor_relieves_the_next_slot_of_a_busy_worker) {
  weft::run(weft::options{.workers = 2}, [] {
    std::atomic<bool> ran{false};
    auto handle = weft::spawn([&ran] { ran = true; });
    while (!ran) {  // no switch point
    }
    handle.join();
  });
}

// The same while nobody sleeps who could help: the others are busy with short turns.
TEST(scheduling, a_busy_workers_next_slot_is_relieved_also_when_no_worker_sleeps) {
  weft::run(weft::options{.workers = 2}, [] {
    std::atomic<bool> on{true};
    std::vector<weft::join_handle<void>> busy;
    for (int i = 0; i < 2; ++i)
      busy.push_back(weft::spawn([&on] {
        while (on) weft::this_fiber::yield();
      }));
    for (int i = 0; i < 200; ++i) weft::this_fiber::yield();
    std::atomic<bool> ran{false};
    auto child = weft::spawn([&ran] { ran = true; });
    while (!ran) {  // no switch point
    }
    on = false;
    child.join();
    for (auto& each : busy) each.join();
  });
}

TEST(scheduling, a_sleep_of_nothing_ends_on_a_clock_that_stands_still) {
  weft::testing::manual_clock clock;
  weft::runtime rt(weft::options{.workers = 1}, &clock);
  rt.run([] { weft::this_fiber::sleep_for(0s); });
}

TEST(scheduling, a_fiber_whose_operations_are_always_ready_yields_when_its_budget_is_spent) {
  weft::run(weft::options{.workers = 1}, [] {
    bool other_ran = false;
    auto handle = weft::spawn([&other_ran] { other_ran = true; });
    int operations = 0;
    while (!other_ran) {
      switch_point();
      ++operations;
    }
    EXPECT_LE(operations, 128 * 62);  // at once from the ring; from inject at the next look around
    handle.join();
  });
}

FIBER_TEST(runtime, fibers_migrate_and_keep_their_identity) {
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 50; ++i)
    fibers.push_back(weft::spawn([] {
      const weft::fiber_id id = weft::this_fiber::get_id();
      const void* const self = &this_waiter();
      for (int k = 0; k < 100; ++k) {
        weft::this_fiber::yield();
        ASSERT_EQ(weft::this_fiber::get_id(), id);
        ASSERT_EQ(&this_waiter(), self);
      }
    }));
  for (auto& each : fibers) each.join();
}

FIBER_TEST(runtime, more_fibers_than_a_ring_holds_all_run) {
  std::atomic<int> ran{0};
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 1000; ++i) fibers.push_back(weft::spawn([&ran] { ++ran; }));
  for (auto& each : fibers) each.join();
  EXPECT_EQ(ran, 1000);
}

TEST(scheduling, a_plain_thread_spawns_into_a_sleeping_runtime) {
  weft::runtime rt(weft::options{.workers = 2});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(rt.run([i] { return i; }), i);
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) rt.go([&ran] { ++ran; });
    });
  for (auto& each : threads) each.join();
  rt.run([&] { weft::testing::wait_until([&] { return ran == 400; }); });
}

TEST(scheduling, timers_fire_in_the_order_of_their_deadlines) {
  weft::testing::manual_clock clock;
  weft::runtime rt(weft::options{.workers = 1}, &clock);
  internal_lock lock;
  std::vector<int> order;
  std::atomic<std::size_t> woken{0};
  std::atomic<int> armed{0};
  for (const int ms : {30, 10, 50, 20, 40})
    rt.go([&, ms] {
      ++armed;
      weft::this_fiber::sleep_for(std::chrono::milliseconds(ms));
      const internal_guard guard(lock);
      order.push_back(ms);
      ++woken;
    });
  rt.run([&] {
    while (armed != 5) weft::this_fiber::yield();
    for (int i = 0; i < 10; ++i) weft::this_fiber::yield();
  });
  for (int i = 0; i < 5; ++i) {
    clock.advance(10ms, rt);
    rt.run([&] {
      while (woken <= static_cast<std::size_t>(i)) weft::this_fiber::yield();
    });
  }
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30, 40, 50}));
}

TEST(scheduling, a_day_of_sleep_takes_no_time_on_a_clock_that_is_moved) {
  weft::testing::manual_clock clock;
  weft::runtime rt(weft::options{.workers = 2}, &clock);
  std::atomic<bool> woke{false};
  std::atomic<bool> begun{false};
  rt.go([&] {
    begun = true;
    weft::this_fiber::sleep_for(24h);
    woke = true;
  });
  rt.run([&] { weft::testing::wait_until([&] { return begun.load(); }); });
  EXPECT_FALSE(woke);
  while (!woke) clock.advance(1h, rt);
}

FIBER_TEST(runtime, many_sleepers_wake_and_none_is_early) {
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 300; ++i)
    fibers.push_back(weft::spawn([i] {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(i * 37 % 5000);
      weft::this_fiber::sleep_until(until);
      EXPECT_GE(std::chrono::steady_clock::now(), until);
    }));
  for (auto& each : fibers) each.join();
}

// --- The poller seam, with a fake behind it.

class fake_poller : public poller {
 public:
  void poll(weft::deadline until, ready_batch& ready) noexcept override {
    EXPECT_EQ(inside_.fetch_add(1), 0) << "two threads in the poller";
    {
      std::unique_lock lock(mutex_);
      if (until > weft::deadline::from_nanoseconds(0)) wait(lock, until);
      woken_ = false;
      for (const wait_token& token : events_)
        if (const claimed won = claim(token, wake_reason::ready)) ready.add(won);
      events_.clear();
    }
    inside_.fetch_sub(1);
  }
  void wake() noexcept override {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  [[nodiscard]] bool has_waiters() const noexcept override { return true; }

  void fire(wait_token token) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(token);
    changed_.notify_one();
  }

 private:
  void wait(std::unique_lock<std::mutex>& lock, weft::deadline until) {
    const auto something = [this] { return woken_ || !events_.empty(); };
    if (until.is_never()) return changed_.wait(lock, something);
    changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until.nanoseconds())),
                        something);
  }

  std::atomic<int> inside_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::vector<wait_token> events_;
};

fake_poller& install_fake() {
  return static_cast<fake_poller&>(
      this_poller([]() -> std::unique_ptr<poller> { return std::make_unique<fake_poller>(); }));
}

FIBER_TEST(runtime, readiness_wakes_and_one_at_a_time_is_in_the_poller) {
  fake_poller& fake = install_fake();
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 20; ++i)
    fibers.push_back(weft::spawn([&fake] {
      for (int k = 0; k < 20; ++k) {
        const wait_token token = arm(cancellation::honoured);
        fake.fire(token);
        EXPECT_EQ(park(token, weft::deadline::never(), "fake"), wake_reason::ready);
      }
    }));
  for (auto& each : fibers) each.join();
}

FIBER_TEST(runtime, readiness_is_seen_while_every_worker_is_busy) {
  fake_poller& fake = install_fake();
  std::atomic<bool> on{true};
  std::vector<weft::join_handle<void>> busy;
  for (int i = 0; i < 16; ++i)
    busy.push_back(weft::spawn([&on] {
      while (on) weft::this_fiber::yield();
    }));
  for (int k = 0; k < 20; ++k) {
    const wait_token token = arm(cancellation::honoured);
    fake.fire(token);
    EXPECT_EQ(park(token, weft::deadline::never(), "fake"), wake_reason::ready);
  }
  on = false;
  for (auto& each : busy) each.join();
}

FIBER_TEST(runtime, a_timer_ends_a_sleep_inside_the_poller) {
  (void)install_fake();
  for (int i = 0; i < 20; ++i) weft::this_fiber::sleep_for(1ms);
}

// --- Blocking.

FIBER_TEST(runtime, blocking_calls_return_values_and_exceptions_and_hold_up_nobody) {
  EXPECT_EQ(weft::blocking([] { return std::string("from a helper"); }), "from a helper");
  EXPECT_THROW(weft::blocking([]() -> int { throw std::out_of_range("there"); }), std::out_of_range);
  std::atomic<bool> release{false};
  std::vector<weft::join_handle<void>> blocked;
  for (int i = 0; i < 16; ++i)
    blocked.push_back(weft::spawn([&release] {
      weft::blocking([&release] {
        while (!release) std::this_thread::sleep_for(1ms);
      });
    }));
  for (int i = 0; i < 100; ++i) weft::this_fiber::yield();  // the workers are free
  release = true;
  for (auto& each : blocked) each.join();
}

// Each waits for all the others, as calls that read what others write may do.
TEST(blocking, hundreds_of_calls_block_at_once) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr int k_calls = 100;
#else
  constexpr int k_calls = 500;
#endif
  std::mutex mutex;
  std::condition_variable all_are_here;
  int here = 0;
  weft::run(weft::options{.workers = 2}, [&] {
    std::vector<weft::join_handle<void>> blocked;
    for (int i = 0; i < k_calls; ++i)
      blocked.push_back(weft::spawn([&] {
        weft::blocking([&] {
          std::unique_lock lock(mutex);
          if (++here == k_calls) all_are_here.notify_all();
          all_are_here.wait(lock, [&] { return here == k_calls; });
        });
      }));
    for (auto& each : blocked) each.join();
  });
  EXPECT_EQ(here, k_calls);
}

TEST(blocking, runs_in_place_on_a_plain_thread) {
  const auto here = std::this_thread::get_id();
  EXPECT_EQ(weft::blocking([] { return std::this_thread::get_id(); }), here);
}

}  // namespace
