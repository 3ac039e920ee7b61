#pragma once
// Room: tests of sync. Whether the releaser of a primitive touches it after the waiter may have destroyed it: the
// memory is filled with a pattern as soon as the waiter is through, and must still hold it when the releaser has
// returned. Two threads that meet at every round find windows of nanoseconds, where a sanitizer sees only what happens
// to come.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <thread>

#include <gtest/gtest.h>

namespace weft::testing {

// The round that a thread has come to; the other one waits for it.
class round_counter {
 public:
  void reach(int round) noexcept {
    // release: all that was done in that round; pairs with wait_for.
    reached_.store(round, std::memory_order_release);
    reached_.notify_one();
  }
  // Looks for some microseconds before it sleeps, so that both sides start together.
  void wait_for(int round) const noexcept {
    constexpr int k_looks = 2000;
    int seen = 0;
    // acquire: pairs with reach.
    for (int looks = 0; (seen = reached_.load(std::memory_order_acquire)) < round; ++looks)
      if (looks > k_looks) reached_.wait(seen, std::memory_order_acquire);
  }

 private:
  std::atomic<int> reached_{0};
};

// Each round: `prepare` on a new primitive, then `release` on one thread and, a little later or earlier, `wait` on
// another. A round takes some 10 us, and a time slice or two on a machine that is busy. All are done.
template <class Primitive, class Prepare, class Release, class Wait>
void expect_no_access_after_wait(int rounds, Prepare prepare, Release release, Wait wait) {
  constexpr std::byte k_pattern{0xa5};
  alignas(Primitive) std::byte memory[sizeof(Primitive)];
  round_counter begun, returned;
  std::thread releaser([&] {
    for (int round = 1; round <= rounds; ++round) {
      begun.wait_for(round);
      release(*std::launder(reinterpret_cast<Primitive*>(memory)));
      returned.reach(round);
    }
  });
  int touched = 0;
  for (int round = 1; round <= rounds; ++round) {
    auto* const primitive = ::new (memory) Primitive;
    prepare(*primitive);
    begun.reach(round);
    for (std::atomic<int> pause{round * 7 % 256}; pause.load(std::memory_order_relaxed) > 0;)
      pause.fetch_sub(1, std::memory_order_relaxed);
    wait(*primitive);
    primitive->~Primitive();
    std::fill(std::begin(memory), std::end(memory), k_pattern);
    returned.wait_for(round);
    if (std::any_of(std::begin(memory), std::end(memory), [](std::byte b) { return b != k_pattern; })) ++touched;
  }
  releaser.join();
  EXPECT_EQ(touched, 0);
}

}  // namespace weft::testing
