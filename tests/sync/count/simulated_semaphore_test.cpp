// Semaphores under thousands of orders, each workload also on a copy that is broken in the way that it is there to
// find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/semaphore.hpp>

#include "forgetful_queue.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::forgetful_queue;
using weft::testing::join_all;
using weft::testing::must;
using weft::testing::noted;

using semaphore = weft::counting_semaphore<>;

// Looks, and takes what it saw, in two steps.
class semaphore_in_two_steps {
 public:
  explicit semaphore_in_two_steps(std::ptrdiff_t permits) : permits_(permits) {}
  bool try_acquire() {
    const std::ptrdiff_t seen = change(0);
    if (seen > 0) change(-1);
    return seen > 0;
  }
  void acquire() {
    while (!try_acquire()) weft::this_fiber::sleep_for(1us);
  }
  template <class Duration>
  bool try_acquire_for(Duration d) {
    if (try_acquire()) return true;
    weft::this_fiber::sleep_for(d);
    return try_acquire();
  }
  void release() { change(1); }

 private:
  std::ptrdiff_t change(std::ptrdiff_t by) {
    const std::scoped_lock held(guard_);
    return permits_ += by;
  }

  weft::mutex guard_;
  std::ptrdiff_t permits_;
};

// --- No more inside than there are permits, and all of them come back.

template <class Semaphore>
void as_many_as_there_are_permits() {
  Semaphore permits(2);
  std::atomic<int> inside{0};
  const auto enter = [&] {
    must(++inside <= 2, "more are inside than there are permits");
    weft::this_fiber::yield();
    --inside;
    permits.release();
  };
  fibers all;
  for (int i = 0; i < 4; ++i)
    all.push_back(weft::spawn([&, i] {
      for (int round = 0; round < 3; ++round) {
        const int way = (i + round) % 3;
        if (way == 0) permits.acquire();
        if (way == 0 || (way == 1 ? permits.try_acquire() : permits.try_acquire_for(1us))) enter();
      }
    }));
  join_all(all);
  const bool first = permits.try_acquire();
  const bool second = permits.try_acquire();
  must(first && second && !permits.try_acquire(), "not as many permits as at first");
}

TEST(simulated_semaphore, lets_in_as_many_as_it_has_permits) { expect_holds(as_many_as_there_are_permits<semaphore>); }
TEST(simulated_semaphore, lets_in_as_many_and_the_test_would_see_it) {
  expect_found(50, as_many_as_there_are_permits<semaphore_in_two_steps>);
}

// --- Who leaves takes no permit along.

template <class Semaphore>
void cancelled_beside_releases() {
  Semaphore permits(0);
  std::atomic<int> got{0};
  fibers waiters;
  for (int i = 0; i < 3; ++i)
    waiters.push_back(weft::spawn([&] {
      permits.acquire();
      ++got;
    }));
  auto canceller = weft::spawn([&] {
    waiters[0].request_stop();
    waiters[1].request_stop();
  });
  auto releaser = weft::spawn([&] { permits.release(); });
  permits.release();
  canceller.join();
  releaser.join();
  await_stillness();
  // The third waits for one, so at most one lies there.
  const int left = permits.try_acquire() ? 1 : 0;
  must(got + left == 2, "of two permits " + std::to_string(got + left) + " are left");
}

TEST(simulated_semaphore, loses_no_permit_to_who_is_cancelled) { expect_holds(cancelled_beside_releases<semaphore>); }
TEST(simulated_semaphore, loses_no_permit_to_who_is_cancelled_and_the_test_would_see_it) {
  expect_found(20, cancelled_beside_releases<forgetful_queue>);
}

// One permit, at the very moment at which one of two waiters runs out of time.
template <class Semaphore>
void released_at_the_limit() {
  Semaphore permits(0);
  std::atomic<int> got{0};
  auto timed = weft::spawn([&] {
    if (permits.try_acquire_for(10us)) ++got;
  });
  await_stillness();  // it is the first in the queue
  auto patient = weft::spawn([&] {
    permits.acquire();
    ++got;
  });
  weft::this_fiber::sleep_for(9us);
  permits.release();
  weft::this_fiber::sleep_for(10us);
  must(got == 1, "one permit was got by " + std::to_string(got));
  permits.release();
  timed.join();
  patient.request_stop();
}

TEST(simulated_semaphore, spends_no_permit_on_who_is_out_of_time) { expect_holds(released_at_the_limit<semaphore>); }
TEST(simulated_semaphore, spends_no_permit_and_the_test_would_see_it) {
  expect_found(20, released_at_the_limit<forgetful_queue>);
}

// --- Order.

template <class Semaphore>
void arrivals_are_served_in_order() {
  Semaphore permits(1);
  noted<std::vector<int>> served;
  permits.acquire();
  fibers all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(weft::spawn([&, i] {
      permits.acquire();
      served.with([i](std::vector<int>& so_far) { so_far.push_back(i); });
      permits.release();
    }));
    await_stillness();
  }
  permits.release();
  while (!permits.try_acquire_for(1ms)) continue;
  must(served.get() == std::vector<int>{0, 1, 2, 3}, "they were not served in the order in which they came");
  permits.release();
  join_all(all);
}

TEST(simulated_semaphore, serves_in_order) { expect_holds(arrivals_are_served_in_order<semaphore>); }
TEST(simulated_semaphore, serves_in_order_and_the_test_would_see_it) {
  expect_found(20, arrivals_are_served_in_order<semaphore_in_two_steps>);
}

// --- Destroyed by who was let in, while the release returns elsewhere.

void destroyed_by_who_was_let_in() {
  auto* const done = new weft::binary_semaphore(0);
  auto releaser = weft::spawn([done] { done->release(); });
  done->acquire();
  delete done;
  releaser.join();
}

TEST(simulated_semaphore, may_go_with_who_was_let_in) { expect_holds(destroyed_by_who_was_let_in); }

}  // namespace
