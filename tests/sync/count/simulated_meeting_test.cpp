// Latch, barrier and event under thousands of orders, beside copies that are broken in the way that each workload is
// there to find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <support/simulated.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/barrier.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/latch.hpp>
#include <weft/sync/mutex.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;

// --- Latch.

// Two who count down at once count once.
class latch_in_two_steps {
 public:
  explicit latch_in_two_steps(std::ptrdiff_t expected) : left_(expected) {}
  void count_down() {
    const std::ptrdiff_t seen = left();
    const std::scoped_lock held(guard_);
    left_ = seen - 1;
    if (left_ == 0) open_.set();
  }
  void arrive_and_wait() {
    count_down();
    wait();
  }
  bool try_wait() { return left() == 0; }
  void wait() { open_.wait(); }

 private:
  std::ptrdiff_t left() {
    const std::scoped_lock held(guard_);
    return left_;
  }

  weft::mutex guard_;
  std::ptrdiff_t left_;
  weft::event open_;
};

// The latch goes as soon as one wait has returned, and a waiter is cancelled meanwhile.
template <class Latch>
void opens_when_all_have_come() {
  auto ready = std::make_unique<Latch>(4);
  int prepared[4] = {};  // published by the latch alone
  const auto must_be_prepared = [&prepared] {
    for (const int each : prepared) must(each == 1, "open before all have come");
  };
  fibers all;
  all.push_back(weft::spawn([latch = ready.get()] { latch->wait(); }));
  all.push_back(weft::spawn([&] {
    if (ready->try_wait()) must_be_prepared();
  }));
  auto last = weft::spawn([&] {
    prepared[3] = 1;
    ready->arrive_and_wait();
    must_be_prepared();
  });
  all[0].request_stop();
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&, i] {
      prepared[i] = 1;
      ready->count_down();
    }));
  all[1].join();
  last.join();
  ready->wait();
  must_be_prepared();
  all[0] = {};
  ready.reset();
}

TEST(simulated_latch, opens_when_all_have_come) { expect_holds(opens_when_all_have_come<weft::latch>); }
TEST(simulated_latch, opens_when_all_have_come_and_the_test_would_see_it) {
  expect_found(20, opens_when_all_have_come<latch_in_two_steps>);
}

// --- Barrier.

// The wait begins after the arrival: the phase may be over, and the event reset, by then.
template <class Completion>
class barrier_that_forgets {
 public:
  barrier_that_forgets(std::ptrdiff_t expected, Completion completion)
      : expected_(expected), completion_(std::move(completion)) {}
  void arrive_and_wait() {
    if (!arrive()) over_.wait();
  }
  void arrive_and_drop() {
    {
      const std::scoped_lock held(guard_);
      --expected_;
      --arrived_;
    }
    arrive();
  }

 private:
  bool arrive() {
    {
      const std::scoped_lock held(guard_);
      if (++arrived_ < expected_) return false;
      arrived_ = 0;
    }
    weft::shield(completion_);
    over_.set();
    over_.reset();
    return true;
  }

  weft::mutex guard_;
  std::ptrdiff_t expected_;
  std::ptrdiff_t arrived_ = 0;
  Completion completion_;
  weft::event over_;
};

template <template <class> class Barrier>
void phase_after_phase() {
  constexpr int k_phases = 3;
  int completed = 0;  // published by the barrier alone
  std::atomic<int> completing{0};
  std::atomic<bool> is_run_twice{false};
  const auto complete = [&]() noexcept {
    if (++completing != 1) is_run_twice = true;
    weft::this_fiber::yield();
    ++completed;
    --completing;
  };
  Barrier<decltype(complete)> meeting(3, complete);
  const auto meet = [&](int phases) {
    for (int phase = 1; phase <= phases; ++phase) {
      meeting.arrive_and_wait();
      must(completed == phase, "let go in phase " + std::to_string(phase) + ", after " + std::to_string(completed));
    }
  };
  fibers all;
  for (int i = 0; i < 2; ++i) all.push_back(weft::spawn([&] { meet(k_phases); }));
  all.push_back(weft::spawn([&] {
    meet(1);
    meeting.arrive_and_drop();
  }));
  join_all(all);
  must(completed == k_phases && !is_run_twice, "the completion did not run once for each phase");
}

TEST(simulated_barrier, completes_once_for_each_phase) { expect_holds(phase_after_phase<weft::barrier>); }
TEST(simulated_barrier, completes_once_for_each_phase_and_the_test_would_see_it) {
  expect_found(500, phase_after_phase<barrier_that_forgets>);
}

// A token is good for the next phase, too; and who leaves last may take the barrier along.
void a_token_is_kept() {
  auto* const meeting = new weft::barrier<>(2);
  auto other = weft::spawn([meeting] {
    auto token = meeting->arrive();
    weft::this_fiber::yield();
    meeting->wait(std::move(token));
    meeting->arrive_and_drop();
  });
  meeting->arrive_and_wait();
  meeting->arrive_and_wait();
  delete meeting;
  other.join();
}

TEST(simulated_barrier, takes_a_token_of_the_phase_before) { expect_holds(a_token_is_kept); }

TEST(simulated_barrier, unwinds_from_a_deadlock) {
  EXPECT_THROW(weft::simulate({.seed = 1},
                              [] {
                                weft::barrier<> meeting(3);
                                auto other = weft::spawn([&] { meeting.arrive_and_wait(); });
                                meeting.arrive_and_wait();
                                other.join();
                              }),
               weft::deadlock);
}

// --- Event.

// Who is woken looks at the flag again.
class event_that_looks_again {
 public:
  void set() {
    const std::scoped_lock held(guard_);
    is_set_ = true;
    changed_.notify_all();
  }
  void reset() {
    const std::scoped_lock held(guard_);
    is_set_ = false;
  }
  void wait() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [this] { return is_set_; });
  }
  bool wait_for(std::chrono::microseconds d) {
    std::unique_lock lock(guard_);
    return changed_.wait_for(lock, d, [this] { return is_set_; });
  }

 private:
  weft::mutex guard_;
  weft::condition_variable changed_;
  bool is_set_ = false;
};

// Beside one that is cancelled and one that runs out of time just then.
template <class Event>
void set_and_reset() {
  Event happened;
  std::atomic<int> let_go{0};
  fibers patient;
  for (int i = 0; i < 2; ++i)
    patient.push_back(weft::spawn([&] {
      happened.wait();
      ++let_go;
    }));
  auto timed = weft::spawn([&] { (void)happened.wait_for(2us); });
  auto cancelled = weft::spawn([&] { happened.wait(); });
  await_stillness();
  auto canceller = weft::spawn([&] { cancelled.request_stop(); });
  weft::this_fiber::sleep_for(1us);
  happened.set();
  happened.reset();
  canceller.join();
  await_stillness();
  must(let_go == 2, "set and reset at once: let go were " + std::to_string(let_go) + " of 2");
  timed.join();
  must(!happened.wait_for(1us), "reset, and set all the same");
}

TEST(simulated_event, lets_go_who_waits_though_it_is_reset_at_once) { expect_holds(set_and_reset<weft::event>); }
TEST(simulated_event, lets_go_who_waits_and_the_test_would_see_it) {
  expect_found(20, set_and_reset<event_that_looks_again>);
}

// Set by one while others come: nobody waits for ever; and the event goes with the one who knows that he is the last.
void set_while_others_come() {
  auto* const happened = new weft::event;
  int value = 0;  // published by the event alone
  std::atomic<int> left{3};
  fibers all;
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&] {
      happened->wait();
      must(value == 42, "let go before it was set");
      if (--left == 0) delete happened;
    }));
  value = 42;
  happened->set();
  join_all(all);
}

TEST(simulated_event, forgets_nobody_who_comes) { expect_holds(set_while_others_come); }

}  // namespace
