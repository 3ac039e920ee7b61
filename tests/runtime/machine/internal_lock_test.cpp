// Room: tests. The lock inside primitives, on real threads: "Unlocking cheaply" with and without the kernel's consent.

#include <array>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/wait_until.hpp>
#include <weft/runtime/detail/internal_lock.hpp>

namespace weft::detail {
namespace {

using bucket = lock_bucket<lock_env>;
using word = lock_word<lock_env>;

// True: buckets are born permanent, and stay so.
class internal_lock_with : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) return;
    if (!register_heavy_fence()) GTEST_SKIP() << "the kernel has no expedited membarrier";
    word::allow_cheap_unlocks(at_);
  }
  void lock(word& w) {
    if (!w.try_lock()) w.lock_contended(at_);
  }

  bucket at_;
};

TEST_P(internal_lock_with, lets_one_in_at_a_time_though_another_lock_shares_its_bucket) {
  constexpr int k_steps = 50'000;
  std::array<word, 2> words;
  std::array<long, 2> counts{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, mine = static_cast<std::size_t>(t % 2)] {
      for (int i = 0; i < k_steps; ++i) {
        lock(words[mine]);
        ++counts[mine];
        words[mine].unlock(at_);
      }
    });
  for (auto& each : threads) each.join();
  EXPECT_EQ(counts[0], 3 * k_steps);
  EXPECT_EQ(counts[1], 3 * k_steps);
}

TEST_P(internal_lock_with, wakes_who_sleeps_and_forgets_it_after_many_quiet_unlocks) {
  word w;
  const std::uint32_t at_rest = at_.state.load();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(w.try_lock());
    std::thread sleeper([&] {
      lock(w);
      w.unlock(at_);
    });
    testing::wait_until([&] { return at_.state.load() >= bucket::k_one; });
    w.unlock(at_);
    sleeper.join();
    for (std::uint32_t i = 0; i < lock_env::k_quiet_unlocks; ++i) {
      lock(w);
      w.unlock(at_);
    }
    EXPECT_EQ(at_.state.load(), at_rest);
  }
}

INSTANTIATE_TEST_SUITE_P(, internal_lock_with, ::testing::Bool(),
                         [](const auto& how) { return how.param ? "permanent_buckets" : "cheap_unlocks"; });

TEST(internal_lock, may_be_destroyed_by_whoever_passed_through_it_last) {
  for (int round = 0; round < 2000; ++round) {
    auto lock = std::make_unique<internal_lock>();
    bool told = false;
    std::thread other([&told, held = lock.get()] {
      const internal_guard guard(*held);
      told = true;
    });
    for (bool seen = false; !seen; std::this_thread::yield()) {
      const internal_guard guard(*lock);
      seen = told;
    }
    lock.reset();
    other.join();
  }
}

}  // namespace
}  // namespace weft::detail
