// thread, jthread and async under thousands of orders.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include <support/simulated.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::must;

// --- Threads: joined by who is cancelled, detached, moved.

void threads_are_joined() {
  weft::mutex m;
  int done = 0;  // guarded by m
  const auto work = [&] {
    weft::this_thread::yield();
    const std::scoped_lock held(m);
    ++done;
  };
  auto owner = weft::spawn([&] {
    weft::thread cancelled_with_its_owner(work);
    cancelled_with_its_owner.join();
  });
  weft::thread(work).detach();
  weft::thread first(work);
  weft::thread second = std::move(first);
  owner.request_stop();
  second.join();
  owner = {};
  await_stillness();
  const std::scoped_lock held(m);
  must(done == 2 || done == 3, "not all have worked: " + std::to_string(done));
}

TEST(simulated_thread, is_joined_or_let_go) { expect_holds(threads_are_joined); }

// --- jthread: its destructor's request ends it, wherever it is.

void work_until_stopped(std::stop_token stop, weft::mutex& m, weft::condition_variable_any& cv) {
  std::unique_lock lock(m);
  (void)cv.wait(lock, std::move(stop), [] { return false; });
}
// Looks at its token once.
void look_and_work(const std::stop_token& stop, weft::mutex& m, weft::condition_variable_any& cv) {
  std::unique_lock lock(m);
  if (!stop.stop_requested()) cv.wait(lock);
}

void stopped_by_its_destructor() {
  weft::mutex m;
  weft::condition_variable_any cv;
  std::atomic<bool> has_ended{false};
  {
    weft::jthread worker([&](std::stop_token stop) {
      work_until_stopped(std::move(stop), m, cv);
      has_ended = true;
    });
    weft::jthread taken_over = std::move(worker);
    weft::this_thread::yield();
  }
  must(has_ended, "destroyed, and not ended");
}

TEST(simulated_jthread, ends_with_its_handle) { expect_holds(stopped_by_its_destructor); }

// A thread that waits for ever in its owner's destructor cannot be ended, so the copy is joined by a handle.
template <auto Work>
void stopped_by_a_request() {
  weft::mutex m;
  weft::condition_variable_any cv;
  std::stop_source stopping;
  auto worker = weft::spawn([&] { Work(stopping.get_token(), m, cv); });
  weft::this_thread::yield();
  stopping.request_stop();
  worker.join();
}

TEST(simulated_jthread, misses_no_request) { expect_holds(stopped_by_a_request<work_until_stopped>); }
TEST(simulated_jthread, misses_no_request_and_the_test_would_see_it) {
  expect_found(20, stopped_by_a_request<look_and_work>);
}

// Two who request: one was the first.
void requested_by_two() {
  std::atomic<int> firsts{0};
  weft::jthread worker([](std::stop_token stop) {
    while (!stop.stop_requested()) weft::this_thread::sleep_for(1us);
  });
  auto other = weft::spawn([&] { firsts += worker.request_stop() ? 1 : 0; });
  firsts += worker.request_stop() ? 1 : 0;
  other.join();
  must(firsts == 1, std::to_string(firsts) + " were the first who requested");
}

TEST(simulated_jthread, is_stopped_once) { expect_holds(requested_by_two); }

// --- async.

// The last future that goes has joined; of one that is cancelled, too.
void the_last_future_joins() {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  const auto work = [&] {
    ++begun;
    struct leaving {
      std::atomic<int>& ended;
      ~leaving() { ++ended; }
    } const left{ended};
    weft::this_thread::sleep_for(1us);
    return 42;
  };
  {
    const weft::shared_future<int> shared = weft::async(work);
    auto other = weft::spawn([shared] { must(shared.get() == 42, "not what it returned"); });
    auto cancelled = weft::spawn([&work] {
      auto mine = weft::async(work);
      (void)mine.get();
    });
    (void)weft::async([&work]() -> int {
      work();
      throw std::runtime_error("dropped");
    });
    cancelled.request_stop();
    other.join();
  }
  must(begun == ended, "the last future is gone, and its function goes on");
  try {
    (void)weft::async([]() -> int { throw std::runtime_error("thrown"); }).get();
    must(false, "nothing was thrown");
  } catch (const std::runtime_error& e) {
    must(e.what() == std::string("thrown"), e.what());
  }
}

TEST(simulated_async, is_joined_by_its_last_future) { expect_holds(the_last_future_joins); }

// Deferred: run once, by one of those who wait; one that is cancelled in it breaks the promise to the others.
void deferred_is_run_once() {
  std::atomic<int> calls{0};
  std::atomic<int> values{0};
  const weft::shared_future<int> outcome = weft::async(std::launch::deferred, [&calls] {
    ++calls;
    weft::this_thread::yield();
    return 42;
  });
  const auto wait = [&values, outcome] {
    try {
      values += outcome.get() == 42 ? 1 : 0;
    } catch (const std::future_error& e) {
      must(e.code() == std::future_errc::broken_promise, e.what());
      values += 10;
    }
  };
  auto cancelled = weft::spawn(wait);
  auto a = weft::spawn(wait), b = weft::spawn(wait);
  cancelled.request_stop();
  a.join();
  b.join();
  cancelled = {};
  must(calls == 1, "run " + std::to_string(calls) + " times");
  must(values == 2 || values == 3 || values == 20, "some have a value, and some have none");
}

TEST(simulated_async, runs_what_is_deferred_once) { expect_holds(deferred_is_run_once); }

}  // namespace
