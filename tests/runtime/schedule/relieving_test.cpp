// What waits behind a fiber that computes is taken over by workers that are busy themselves. The monitor would come for
// it, too: here it is held up meanwhile.

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "scheduler.hpp"
#include "switching.hpp"
#include "this_worker.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;

// The monitor's thread stands in a signal handler while this lives: one of the signals that it lets through.
class held_monitor {
 public:
  explicit held_monitor(const scheduler& home) {
    g_is_held = g_is_over = false;
    struct sigaction stand {};
    stand.sa_handler = [](int) {
      for (g_is_held = true; !g_is_over;) {
      }
      g_is_held = false;
    };
    ::sigaction(SIGTRAP, &stand, &before_);
    while (home.watch().thread_id == 0) weft::this_fiber::yield();  // it has not begun
    ::syscall(SYS_tgkill, ::getpid(), static_cast<int>(home.watch().thread_id), SIGTRAP);
    while (!g_is_held) weft::this_fiber::yield();
  }
  ~held_monitor() {
    g_is_over = true;
    while (g_is_held) weft::this_fiber::yield();
    ::sigaction(SIGTRAP, &before_, nullptr);
  }

 private:
  static inline std::atomic<bool> g_is_held, g_is_over;
  struct sigaction before_ {};
};

// Fibers that are always ready: whoever has one has no reason to steal.
class yielders {
 public:
  explicit yielders(std::size_t count) : at_(count) {
    for (auto& where : at_)
      fibers_.push_back(weft::spawn([this, &where] {
        for (; !is_over_; weft::this_fiber::yield()) where = this_worker();
      }));
  }
  ~yielders() {
    is_over_ = true;
    for (auto& each : fibers_) each.join();
  }

  // Every other worker has at least one.
  [[nodiscard]] bool keep_all_busy_but(worker* mine) const {
    std::vector<worker*> busy;
    for (const auto& where : at_) busy.push_back(where);
    busy.push_back(mine);
    std::sort(busy.begin(), busy.end());
    busy.erase(std::unique(busy.begin(), busy.end()), busy.end());
    return busy.size() == weft::testing::workers_of_this_test();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::vector<std::atomic<worker*>> at_;
  std::vector<weft::join_handle<void>> fibers_;
};

// Computes until all have run that wait in this worker's ring; false: they have not for very long.
bool are_run_elsewhere(int count) {
  std::atomic<int> ran{0};
  std::vector<weft::join_handle<void>> waiting;
  for (int i = 0; i <= count; ++i) waiting.push_back(weft::spawn([&ran] { ++ran; }));
  const auto patience = std::chrono::steady_clock::now() + 5s;
  while (ran < count && std::chrono::steady_clock::now() < patience) {  // one lies in the next slot, its owner's alone
  }
  const bool all_ran = ran >= count;
  for (auto& each : waiting) each.join();
  return all_ran;
}

FIBER_TEST(relieving, what_waits_behind_a_computation_is_run_by_those_who_are_busy) {
  if (k_is_sanitized) GTEST_SKIP() << "half of all wake-ups go elsewhere under sanitizers: nothing need wait here";
  if (weft::testing::workers_of_this_test() == 1) GTEST_SKIP() << "there is nobody else";
  const held_monitor held(this_worker()->home());  // first: it could leave seats empty
  const yielders others(4 * weft::testing::workers_of_this_test());
  while (!others.keep_all_busy_but(this_worker())) weft::this_fiber::yield();
  EXPECT_TRUE(are_run_elsewhere(10)) << "they would wait for the monitor";
}

}  // namespace
