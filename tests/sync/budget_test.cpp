// What spends a fiber's operation budget, and so lets others run after 128 of them, and what never does, because its
// caller may be in the middle of something. One worker: another fiber runs only if this one yields.

#include <gtest/gtest.h>

#include <mutex>
#include <optional>

#include <support/still_runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/barrier.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/latch.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/select.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/sync/wait_group.hpp>

namespace {

constexpr int k_budget = 128;

// How many times `operate` returned before another fiber, ready all along, had a turn; at most `most`.
template <class Operate>
int operations_until_another_runs(int most, Operate operate) {
  return weft::testing::still_runtime(1).run([&] {
    bool other_ran = false;
    auto other = weft::spawn([&other_ran] { other_ran = true; });
    int operations = 0;
    while (!other_ran && operations < most) {
      operate();
      ++operations;
    }
    other.join();
    return operations;
  });
}

constexpr int k_many = 100 * k_budget;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int k_yields_until_it_runs = 62;  // it may have been sent to inject, which is looked at every 61st turn
#else
constexpr int k_yields_until_it_runs = 1;
#endif

TEST(budget, sends_and_receives_that_are_always_ready_let_others_run) {
  weft::channel<int> ch(1);
  const auto send_and_receive = [&ch] {
    ch.send(1);
    (void)ch.recv();
  };
  EXPECT_LE(operations_until_another_runs(k_many, send_and_receive), k_budget / 2 * k_yields_until_it_runs);
}

TEST(budget, selects_that_are_always_ready_let_others_run) {
  weft::channel<int> ch(1);
  const auto select_twice = [&ch] {
    std::optional<int> got;
    (void)weft::select(weft::send(ch, 1));
    (void)weft::select(weft::recv(ch, got));
  };
  EXPECT_LE(operations_until_another_runs(k_many, select_twice), k_budget / 2 * k_yields_until_it_runs);
}

TEST(budget, waits_for_what_is_there_let_others_run) {
  weft::counting_semaphore<> slots(0);
  weft::event ready(true);
  weft::latch open(0);
  weft::promise<void> kept;
  kept.set_value();
  const weft::shared_future<void> done = kept.get_future();
  const auto wait_for_all = [&] {
    slots.release();
    slots.acquire();
    ready.wait();
    open.wait();
    done.wait();
  };
  EXPECT_LE(operations_until_another_runs(k_many, wait_for_all), k_budget / 4 * k_yields_until_it_runs);
}

TEST(budget, trying_never_lets_others_run) {
  weft::channel<int> ch(1);
  weft::mutex m;
  weft::counting_semaphore<> slots(0);
  const weft::latch closed(1);
  const auto try_all = [&] {
    int got = 0;
    (void)ch.try_send(1);
    (void)ch.try_recv(got);
    (void)slots.try_acquire();
    (void)closed.try_wait();
    const std::unique_lock held(m, std::try_to_lock);
  };
  EXPECT_EQ(operations_until_another_runs(k_many, try_all), k_many);
}

TEST(budget, unlocking_notifying_closing_and_counting_never_let_others_run) {
  weft::mutex m;
  weft::condition_variable changed;
  weft::wait_group group;
  weft::counting_semaphore<> slots(0);
  weft::event ready;
  weft::barrier<> alone(1);
  const auto all = [&] {
    const std::unique_lock held(m, std::try_to_lock);
    changed.notify_one();
    changed.notify_all();
    group.add();
    group.done();
    slots.release();
    ready.set();
    ready.reset();
    (void)alone.arrive();
    weft::latch(1).count_down();
    weft::promise<int> kept;
    const auto number = kept.get_future();
    kept.set_value(1);
    const weft::channel<int> ch(1);
    ch.close();
  };
  EXPECT_EQ(operations_until_another_runs(k_many, all), k_many);
}

}  // namespace
