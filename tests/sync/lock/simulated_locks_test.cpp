// The mutex and the condition variable under thousands of orders, most workloads also on a copy that is broken in the
// way that they are there to find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/condition_variable_any.hpp>
#include <weft/sync/mutex.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;
using weft::testing::noted;

// --- Exclusion.

// Looks, and takes what it saw, in two steps.
class mutex_in_two_steps {
 public:
  void lock() {
    while (!is_free()) weft::this_fiber::yield();
    set(true);
  }
  bool try_lock() {
    if (!is_free()) return false;
    set(true);
    return true;
  }
  void unlock() { set(false); }

 private:
  bool is_free() {
    const std::scoped_lock held(guard_);
    return !locked_;
  }
  void set(bool locked) {
    const std::scoped_lock held(guard_);
    locked_ = locked;
  }

  weft::mutex guard_;
  bool locked_ = false;
};

template <class Mutex>
void exclusion() {
  Mutex m;
  std::atomic<int> inside{0};
  std::atomic<int> entered{0};
  std::atomic<int> skipped{0};
  const auto enter = [&] {
    must(++inside == 1, "two are inside");
    weft::this_fiber::yield();
    ++entered;
    --inside;
    m.unlock();
  };
  fibers all;
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&, i] {
      for (int round = 0; round < 3; ++round) {
        if ((i + round) % 2 == 0) {
          m.lock();
        } else if (!m.try_lock()) {
          ++skipped;
          continue;
        }
        enter();
      }
    }));
  join_all(all);
  must(entered + skipped == 9, "somebody did not come in");
}

TEST(simulated_mutex, excludes) { expect_holds(exclusion<weft::mutex>); }
TEST(simulated_mutex, excludes_and_the_test_would_see_it) { expect_found(20, exclusion<mutex_in_two_steps>); }

// --- Order.

// Takes whoever looks first.
class mutex_that_polls {
 public:
  void lock() {
    while (!m_.try_lock()) weft::this_fiber::sleep_for(1us);
  }
  void unlock() { m_.unlock(); }

 private:
  weft::mutex m_;
};

template <class Mutex>
void lockers_are_served_in_order() {
  Mutex m;
  noted<std::vector<int>> served;
  m.lock();
  fibers all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(weft::spawn([&, i] {
      m.lock();
      served.with([i](std::vector<int>& so_far) { so_far.push_back(i); });
      m.unlock();
    }));
    weft::this_fiber::sleep_for(1us);  // time moves once it waits
  }
  m.unlock();
  join_all(all);
  must(served.get() == std::vector<int>{0, 1, 2, 3}, "waiters were not served in the order in which they came");
}

TEST(simulated_mutex, serves_waiters_in_order) { expect_holds(lockers_are_served_in_order<weft::mutex>); }
TEST(simulated_mutex, serves_waiters_in_order_and_the_test_would_see_it) {
  expect_found(20, lockers_are_served_in_order<mutex_that_polls>);
}

template <class Mutex>
void a_waiter_is_outrun_for_a_millisecond() {
  Mutex m;
  std::atomic<bool> has_it{false};
  m.lock();
  auto waiter = weft::spawn([&] {
    m.lock();
    has_it = true;
    m.unlock();
  });
  weft::this_fiber::sleep_for(2ms);
  int outrun = 0;
  for (m.unlock(); !has_it && outrun < 10; ++outrun) {
    m.lock();
    m.unlock();
  }
  // Once it finds itself outrun, the next unlock hands over; before, it is woken once for each time it is passed.
  must(outrun < 10, "a waiter is outrun for ever");
  waiter.join();
}

// Ten times in a row the waiter must not get to try between an unlock and the next lock, which is rare: one in 3^10.
TEST(simulated_mutex, hands_over_to_a_waiter_that_was_outrun) {
  expect_holds(a_waiter_is_outrun_for_a_millisecond<weft::mutex>);
}

// --- Cancellation does not end a wait for a mutex, and takes none along.

void cancelled_lockers_unlock() {
  weft::mutex m;
  std::atomic<int> inside{0};
  fibers all;
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&] {
      for (int round = 0; round < 3; ++round) {
        const std::scoped_lock held(m);
        must(++inside == 1, "two are inside");
        --inside;
        weft::this_fiber::yield();  // where it is cancelled
      }
    }));
  all[0].request_stop();
  all.clear();
  const std::unique_lock last(m, std::try_to_lock);
  must(last.owns_lock(), "a cancelled fiber kept the mutex");
}

TEST(simulated_mutex, is_let_go_by_who_is_cancelled) { expect_holds(cancelled_lockers_unlock); }

// --- Condition variables.

// Lets go of the mutex before it counts itself in.
class condition_variable_that_loses {
 public:
  void wait(std::unique_lock<weft::mutex>& lock) {
    lock.unlock();
    {
      const std::scoped_lock held(guard_);
      ++waiting_;
    }
    (void)wakes_.recv();
    lock.lock();
  }
  void notify_one() {
    {
      const std::scoped_lock held(guard_);
      if (waiting_ == 0) return;
      --waiting_;
    }
    wakes_.send(0);
  }

 private:
  weft::mutex guard_;
  int waiting_ = 0;
  weft::channel<int> wakes_{100};
};

template <class Cv>
void bounded_buffer() {
  constexpr std::size_t k_room = 1;
  weft::mutex m;
  Cv not_full, not_empty;
  std::deque<int> buffer;
  std::vector<int> got;
  const auto produce = [&](int first) {
    for (int i = first; i < first + 3; ++i) {
      std::unique_lock lock(m);
      while (buffer.size() == k_room) not_full.wait(lock);
      buffer.push_back(i);
      not_empty.notify_one();
    }
  };
  const auto consume = [&] {
    for (int i = 0; i < 3; ++i) {
      std::unique_lock lock(m);
      while (buffer.empty()) not_empty.wait(lock);
      must(buffer.size() <= k_room, "more than there is room for");
      got.push_back(buffer.front());
      buffer.pop_front();
      not_full.notify_one();
    }
  };
  fibers all;
  all.push_back(weft::spawn(consume));
  all.push_back(weft::spawn(consume));
  all.push_back(weft::spawn([&] { produce(0); }));
  all.push_back(weft::spawn([&] { produce(10); }));
  join_all(all);
  std::uint64_t seen = 0;
  for (const int each : got) seen |= std::uint64_t{1} << each;
  must(got.size() == 6 && seen == (7u | 7u << 10), "something was lost, or came twice");
}

TEST(simulated_condition_variable, loses_no_notification) { expect_holds(bounded_buffer<weft::condition_variable>); }
TEST(simulated_condition_variable, loses_no_notification_and_the_test_would_see_it) {
  expect_found(50, bounded_buffer<condition_variable_that_loses>);
}

// Finds out that it was notified, and that its time has run out, and believes the latter.
class condition_variable_that_spends {
 public:
  std::cv_status wait_for(std::unique_lock<weft::mutex>& lock, std::chrono::microseconds d) {
    const auto limit = weft::clock::now() + d;
    const std::cv_status status = real_.wait_for(lock, d);
    return weft::clock::now() >= limit ? std::cv_status::timeout : status;
  }
  void wait(std::unique_lock<weft::mutex>& lock) { real_.wait(lock); }
  void notify_one() noexcept { real_.notify_one(); }

 private:
  weft::condition_variable real_;
};

// One notification, at the very moment at which one of two waiters runs out of time.
template <class Cv>
void one_notification_wakes_one() {
  weft::mutex m;
  Cv cv;
  std::atomic<int> woken{0};
  auto timed = weft::spawn([&] {
    std::unique_lock lock(m);
    if (cv.wait_for(lock, 1ms) == std::cv_status::no_timeout) ++woken;
  });
  weft::this_fiber::sleep_for(1us);  // it is the first in the queue
  auto patient = weft::spawn([&] {
    std::unique_lock lock(m);
    cv.wait(lock);
    ++woken;
  });
  weft::this_fiber::sleep_for(999us);
  cv.notify_one();
  weft::this_fiber::sleep_for(1ms);
  must(woken == 1, "one notification woke " + std::to_string(woken));
  if (patient.joinable()) cv.notify_one();
  timed.join();
}

TEST(simulated_condition_variable, spends_no_notification_on_who_is_out_of_time) {
  expect_holds(one_notification_wakes_one<weft::condition_variable>);
}
TEST(simulated_condition_variable, spends_no_notification_and_the_test_would_see_it) {
  expect_found(20, one_notification_wakes_one<condition_variable_that_spends>);
}

// One notification, and one of two waiters is cancelled at that moment.
template <class Cv>
void one_notification_and_a_cancellation() {
  weft::mutex m;
  Cv cv;
  std::atomic<int> woken{0};
  const auto wait = [&] {
    std::unique_lock lock(m);
    cv.wait(lock);
    ++woken;
  };
  auto first = weft::spawn(wait);
  weft::this_fiber::sleep_for(1us);
  auto second = weft::spawn(wait);
  weft::this_fiber::sleep_for(1us);
  auto canceller = weft::spawn([&] { first.request_stop(); });
  cv.notify_one();
  canceller.join();
  weft::this_fiber::sleep_for(1us);
  must(woken == 1, "one notification woke " + std::to_string(woken));
  cv.notify_all();
}

TEST(simulated_condition_variable, spends_no_notification_on_who_is_cancelled) {
  expect_holds(one_notification_and_a_cancellation<weft::condition_variable>);
}

// Destroyed as soon as the last waiter was notified, while others leave for lack of time.
template <class Cv>
void destroyed_beside_who_leaves() {
  weft::mutex m;
  fibers all;
  {
    Cv cv;
    const auto wait = [&m, &cv] {
      std::unique_lock lock(m);
      (void)cv.wait_for(lock, 1ms);
    };
    for (int i = 0; i < 3; ++i) all.push_back(weft::spawn(wait));
    weft::this_fiber::sleep_for(1ms);
    cv.notify_all();
  }
  join_all(all);
}

TEST(simulated_condition_variable, may_go_while_the_last_ones_leave) {
  expect_holds(destroyed_beside_who_leaves<weft::condition_variable>);
}

// --- The same of condition_variable_any.

using weft::condition_variable_any;

TEST(simulated_condition_variable_any, loses_no_notification) { expect_holds(bounded_buffer<condition_variable_any>); }
TEST(simulated_condition_variable_any, spends_no_notification_on_who_is_out_of_time) {
  expect_holds(one_notification_wakes_one<condition_variable_any>);
}
TEST(simulated_condition_variable_any, spends_no_notification_on_who_is_cancelled) {
  expect_holds(one_notification_and_a_cancellation<condition_variable_any>);
}
TEST(simulated_condition_variable_any, may_go_while_the_last_ones_leave) {
  expect_holds(destroyed_beside_who_leaves<condition_variable_any>);
}

}  // namespace
