// Promises, futures and tasks under thousands of orders.

#include <gtest/gtest.h>
#include <support/counted.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <support/simulated.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/packaged_task.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::counted;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;

// --- Many wait for one value; one of them is cancelled, one does not wait for long, and the promise goes at once.

void many_wait_for_one() {
  auto* const kept = new weft::promise<int>;
  weft::shared_future<int> outcome = kept->get_future();
  int before = 0;  // published by the value alone
  fibers all;
  for (int i = 0; i < 2; ++i)
    all.push_back(weft::spawn([&before, outcome] { must(outcome.get() == 42 && before == 1, "not what was set"); }));
  auto timed = weft::spawn([outcome] {
    if (outcome.wait_for(1us) == std::future_status::ready) must(outcome.get() == 42, "not what was set");
  });
  auto cancelled = weft::spawn([outcome] { outcome.wait(); });
  auto setter = weft::spawn([&before, kept] {
    before = 1;
    kept->set_value(42);
  });
  auto canceller = weft::spawn([&cancelled] { cancelled.request_stop(); });
  outcome.wait();
  delete kept;
  join_all(all);
  timed.join();
  setter.join();
  canceller.join();
}

TEST(simulated_future, gives_one_value_to_all_who_wait) { expect_holds(many_wait_for_one); }

// --- One of two setters.

// Looks whether there is a value, and puts one there, in two steps.
class promise_in_two_steps {
 public:
  void set_value(int value) {
    if (has_value()) throw std::future_error(std::future_errc::promise_already_satisfied);
    const std::scoped_lock held(guard_);
    value_ = value;
    ready_.set();
  }
  promise_in_two_steps& get_future() { return *this; }
  int get() {
    ready_.wait();
    const std::scoped_lock held(guard_);
    return *value_;
  }

 private:
  bool has_value() {
    const std::scoped_lock held(guard_);
    return value_.has_value();
  }

  weft::mutex guard_;
  std::optional<int> value_;
  weft::event ready_;
};

template <class Promise>
void one_setter_wins() {
  Promise contested;
  auto&& outcome = contested.get_future();
  std::atomic<int> winner{0};
  std::atomic<int> losers{0};
  fibers all;
  for (int i = 1; i <= 3; ++i)
    all.push_back(weft::spawn([&, i] {
      try {
        contested.set_value(i);
        must(winner.exchange(i) == 0, "two have set the value");
      } catch (const std::future_error& e) {
        must(e.code() == std::future_errc::promise_already_satisfied, e.what());
        ++losers;
      }
    }));
  const int got = outcome.get();
  join_all(all);
  must(got == winner && losers == 2, "got another value than the one that was set");
}

TEST(simulated_future, is_set_by_one_of_three) { expect_holds(one_setter_wins<weft::promise<int>>); }
TEST(simulated_future, is_set_by_one_and_the_test_would_see_it) {
  expect_found(20, one_setter_wins<promise_in_two_steps>);
}

// --- A provider that is cancelled.

void a_provider_is_cancelled() {
  weft::promise<int> owed;
  const weft::shared_future<int> outcome = owed.get_future();
  std::atomic<bool> is_set{false};
  auto provider = weft::spawn([&is_set, owed = std::move(owed)]() mutable {
    weft::this_fiber::yield();
    owed.set_value(42);
    is_set = true;
  });
  std::atomic<int> values{0};
  const auto wait = [&values, outcome] {
    try {
      values += outcome.get() == 42 ? 1 : 0;
    } catch (const std::future_error& e) {
      must(e.code() == std::future_errc::broken_promise, e.what());
    }
  };
  auto a = weft::spawn(wait), b = weft::spawn(wait);
  provider.request_stop();
  a.join();
  b.join();
  provider = {};
  must(values == (is_set ? 2 : 0), "kept and broken at once");
}

TEST(simulated_future, is_kept_or_broken_if_its_provider_is_cancelled) { expect_holds(a_provider_is_cancelled); }

// --- A value for the end of the thread is there when the fiber's own values are gone, though it is cancelled.

constexpr auto set_at_the_end = [](weft::promise<int>& to) { to.set_value_at_thread_exit(42); };
constexpr auto set_at_once = [](weft::promise<int>& to) { to.set_value(42); };

template <auto Set>
void ready_at_the_end() {
  std::atomic<int> alive{0};
  const weft::fiber_local<counted> own([&alive] { return counted(alive); });
  weft::promise<int> owed;
  // Held to the end: the race detector does not see the count by which libstdc++ knows who lets an exception go last.
  const weft::shared_future<int> outcome = owed.get_future();
  auto setter = weft::spawn([&own, owed = std::move(owed)]() mutable {
    (void)own.get();
    Set(owed);
    weft::this_fiber::yield();  // where it is cancelled
  });
  auto canceller = weft::spawn([&setter] { setter.request_stop(); });
  try {
    must(outcome.get() == 42, "not what was set");
  } catch (const std::future_error& e) {  // cancelled before it began
    must(e.code() == std::future_errc::broken_promise, e.what());
  }
  must(alive == 0, "ready, and the fiber that set it has not ended");
  canceller.join();
}

TEST(simulated_future, is_ready_when_its_setter_has_ended) { expect_holds(ready_at_the_end<set_at_the_end>); }
TEST(simulated_future, is_ready_then_and_the_test_would_see_it) { expect_found(20, ready_at_the_end<set_at_once>); }

// --- Tasks.

void a_task_is_run_once() {
  std::atomic<int> runs{0};
  auto* const task = new weft::packaged_task<int(int)>([&runs](int n) {
    ++runs;
    weft::this_fiber::yield();
    if (n == 3) throw std::runtime_error("3");
    return n;
  });
  auto outcome = task->get_future();
  std::atomic<int> winner{0};
  fibers all;
  for (int i = 1; i <= 3; ++i)
    all.push_back(weft::spawn([&, i] {
      try {
        (*task)(i);
        winner = i;
      } catch (const std::future_error& e) {
        must(e.code() == std::future_errc::promise_already_satisfied, e.what());
      }
    }));
  int got = 3;
  try {
    got = outcome.get();
  } catch (const std::runtime_error&) {
  }
  join_all(all);
  delete task;
  must(runs == 1 && got == winner, "run " + std::to_string(runs) + " times");
}

TEST(simulated_packaged_task, is_run_by_one_of_three) { expect_holds(a_task_is_run_once); }

// What was promised before a reset is kept or broken, and the task goes with who sees its future ready.
void a_task_is_reset() {
  auto* const task = new weft::packaged_task<int()>([] { return 42; });
  // Held to the end, as above.
  const weft::shared_future<int> first = task->get_future();
  std::atomic<bool> is_broken{false};
  auto waiter = weft::spawn([&is_broken, first] {
    try {
      must(first.get() == 42, "not what it returned");
    } catch (const std::future_error& e) {
      must(e.code() == std::future_errc::broken_promise, e.what());
      is_broken = true;
    }
  });
  task->reset();
  auto second = task->get_future();
  auto runner = weft::spawn([task] { (*task)(); });
  must(second.get() == 42, "not what it returned");
  delete task;
  runner.join();
  waiter.join();
  must(is_broken, "nobody ran it before the reset");
}

TEST(simulated_packaged_task, breaks_what_it_promised_before_a_reset) { expect_holds(a_task_is_reset); }

}  // namespace
