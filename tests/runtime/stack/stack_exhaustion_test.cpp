// No stack for another fiber: the spawner hears of it, everyone else goes on, and it works again later. Guards that the
// kernel refuses for a while.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "quantity_text.hpp"
#include "sanitizers.hpp"
#include "stack_faults.hpp"
#include "stack_pool.hpp"

namespace {

using namespace weft::testing;
using weft::join_handle;
using weft::detail::stack_pool;

// Sizes that no other test uses: a pool keeps what it once got.
constexpr std::size_t k_size_for_mappings = std::size_t{1} << 20;
constexpr std::size_t k_size_for_address_space = std::size_t{32} << 20;

// Fibers that sleep until they are cancelled, as many as there are stacks for; what the next one was refused with.
std::string spawn_until_refused(std::vector<join_handle<void>>& sleepers) {
  try {
    for (;;) sleepers.push_back(weft::spawn([] { weft::this_fiber::sleep_for(std::chrono::hours(1)); }));
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::not_enough_memory);
    return e.what();
  }
}

// Those that live park, wake and end; in place of each that has ended there may be another.
void expect_others_go_on(std::vector<join_handle<void>>& sleepers) {
  constexpr std::size_t k_few = 10;
  ASSERT_GE(sleepers.size(), k_few);
  for (std::size_t i = 0; i < k_few; ++i) sleepers.pop_back();  // cancels and joins
  std::atomic<std::size_t> ran{0};
  for (std::size_t i = 0; i < k_few; ++i) {
    wait_until([&] {
      try {
        weft::go([&ran] {
          weft::this_fiber::yield();
          ++ran;
        });
        return true;
      } catch (const std::system_error&) {
        return false;  // a worker that computes on has what was given back
      }
    });
  }
  wait_until([&] { return ran == k_few; });
}

void expect_refusal_and_recovery(const char* limit, std::size_t stack_size) {
  std::vector<join_handle<void>> sleepers;
  const std::string text = spawn_until_refused(sleepers);
  EXPECT_NE(text.find(limit), std::string::npos) << text;
  EXPECT_NE(text.find(" of " + weft::detail::size_in_words(stack_size)), std::string::npos) << text;
  expect_others_go_on(sleepers);
  const std::size_t most = sleepers.size();
  sleepers.clear();
  wait_until([&] {
    (void)spawn_until_refused(sleepers);
    return sleepers.size() >= most;
  });
}

template <class Body>
void at_each_worker_count(std::size_t stack_size, Body body) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    SCOPED_TRACE(std::to_string(workers) + " workers");
    weft::run({.workers = workers, .stack_size = stack_size, .seed = seed_of_this_test()}, body);
  }
}

TEST(stack_exhaustion, without_mappings_a_spawn_is_refused_and_everyone_else_goes_on) {
  at_each_worker_count(k_size_for_mappings, [] {
    const scarce_mappings mappings(200);
    expect_refusal_and_recovery("vm.max_map_count", k_size_for_mappings);
  });
}

TEST(stack_exhaustion, without_address_space_a_spawn_is_refused_and_everyone_else_goes_on) {
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
  GTEST_SKIP() << "sanitizers end the process when their own memory is refused";
#endif
  at_each_worker_count(k_size_for_address_space, [] {
    // Stacks take it in pieces of 64 MiB: the allocator is left with the odd half of one.
    const scarce_address_space limit((std::size_t{1} << 30) + (std::size_t{32} << 20));
    expect_refusal_and_recovery("RLIMIT_AS", k_size_for_address_space);
  });
}

constexpr std::size_t k_size_for_guards = std::size_t{2} << 20;

// Fibers that hold every stack of this size that there is, and one: whoever comes next needs a new one, with a guard.
std::vector<join_handle<void>> hold_all_stacks() {
  std::atomic<std::size_t> asleep{0};
  std::vector<join_handle<void>> holders(stack_pool::for_size(k_size_for_guards).measure().pooled + 1);
  for (auto& each : holders)
    each = weft::spawn({.stack_size = k_size_for_guards}, [&asleep] {
      ++asleep;
      weft::this_fiber::sleep_for(std::chrono::hours(1));
    });
  wait_until([&] { return asleep == holders.size(); });
  return holders;
}

TEST(stack_exhaustion, a_fiber_whose_guard_is_refused_waits_without_spinning_and_runs_when_the_kernel_gives_in) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    weft::run({.workers = workers}, [] {
      const auto holders = hold_all_stacks();
      refused_guards refused;
      std::atomic<int> ran{0};
      std::vector<join_handle<void>> waiting;
      for (int i = 0; i < 20; ++i) waiting.push_back(weft::spawn({.stack_size = k_size_for_guards}, [&ran] { ++ran; }));
      wait_until([&] { return refused.count() >= 20; });
      const std::size_t before = refused.count();
      for (int i = 0; i < 100'000; ++i) weft::this_fiber::yield();
      EXPECT_LT(refused.count() - before, 1000u) << "it spins";
      wait_until([&] { return refused.count() > before + 1; });  // tried again though nobody gives anything back
      EXPECT_EQ(ran, 0);
      refused.stop();
      for (auto& each : waiting) each.join();
      EXPECT_EQ(ran, 20);
    });
  }
}

TEST(stack_exhaustion, a_stack_that_is_given_back_serves_a_fiber_whose_guard_was_refused) {
  weft::run({.workers = 2}, [] {
    auto holders = hold_all_stacks();
    const refused_guards refused;  // until the end
    std::atomic<int> ran{0};
    std::vector<join_handle<void>> waiting;
    for (int i = 0; i < 20; ++i) waiting.push_back(weft::spawn({.stack_size = k_size_for_guards}, [&ran] { ++ran; }));
    wait_until([&] { return refused.count() >= 20; });
    holders.pop_back();  // cancels and joins
    for (auto& each : waiting) each.join();
    EXPECT_EQ(ran, 20);
  });
}

// They wait in one queue, and are sent home when their turn comes: neither kind keeps the other from a stack.
TEST(stack_exhaustion, pinned_and_other_fibers_whose_guards_were_refused_all_run_and_the_pinned_ones_at_home) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    weft::run({.workers = workers}, [] {
      const weft::pin_guard pin;
      const long home = ::syscall(SYS_gettid);
      const auto holders = hold_all_stacks();
      refused_guards refused;
      std::atomic<int> ran{0};
      std::vector<join_handle<void>> waiting;
      for (int i = 0; i < 20; ++i) {
        const bool pinned = i % 2 == 0;
        waiting.push_back(weft::spawn({.stack_size = k_size_for_guards, .pinned = pinned}, [&ran, pinned, home] {
          EXPECT_TRUE(!pinned || ::syscall(SYS_gettid) == home);
          ++ran;
        }));
      }
      wait_until([&] { return refused.count() > 20; });  // each has been refused, and one again
      EXPECT_EQ(ran, 0);
      refused.stop();
      for (auto& each : waiting) each.join();
      EXPECT_EQ(ran, 20);
    });
  }
}

TEST(stack_exhaustion, the_end_of_a_runtime_waits_for_fibers_without_a_stack) {
  bool ran = false;
  std::atomic<bool> destroyed{false};
  struct closure {
    std::atomic<bool>* destroyed;
    bool* ran;
    explicit closure(std::atomic<bool>* d, bool* r) : destroyed(d), ran(r) {}
    closure(closure&& from) noexcept : destroyed(std::exchange(from.destroyed, nullptr)), ran(from.ran) {}
    ~closure() {
      if (destroyed != nullptr) *destroyed = true;
    }
    void operator()() const { *ran = true; }
  };
  weft::runtime rt({.workers = 2});
  std::optional<refused_guards> refused;  // to the end
  rt.run([&] {
    for (auto& each : hold_all_stacks()) each.detach();
    refused.emplace();
    weft::go({.stack_size = k_size_for_guards}, closure(&destroyed, &ran));
    wait_until([&] { return refused->count() != 0; });
  });
  rt.stop();  // the holders end, and give back what it needs
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(ran) << "cancelled before its first turn, and run";
}

}  // namespace
