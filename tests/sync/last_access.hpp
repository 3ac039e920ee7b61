#pragma once
// Room: tests of sync. Whether the releaser of a primitive touches it after the waiter may have destroyed it: the
// memory is filled with a pattern as soon as the waiter is through, and must still hold it when the releaser has
// returned. Two threads that meet at every round find windows of nanoseconds, where a sanitizer sees only what happens
// to come.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <new>
#include <thread>

#include <gtest/gtest.h>

namespace weft::testing {

// Each round: `prepare` on a new primitive, then `release` on one thread and, a little later or earlier, `wait` on
// another.
template <class Primitive, class Prepare, class Release, class Wait>
void expect_no_access_after_wait(int rounds, Prepare prepare, Release release, Wait wait) {
  constexpr std::byte k_pattern{0xa5};
  // On a busy machine two threads that wait for each other cost a time slice a round: fewer rounds must do there.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  alignas(Primitive) std::byte memory[sizeof(Primitive)];
  std::atomic<int> begun{0}, returned{0};  // the round; release and acquire: each side sees the other's of that round
  const auto reaches = [](const std::atomic<int>& counter, int round) {
    for (int looks = 0; counter.load(std::memory_order_acquire) < round; ++looks)
      if (looks > 2000) std::this_thread::yield();
  };
  std::atomic<bool> is_late{false};
  std::thread releaser([&] {
    for (int round = 1; round <= rounds; ++round) {
      reaches(begun, round);
      if (is_late.load(std::memory_order_relaxed)) return;  // relaxed: ordered by begun
      release(*std::launder(reinterpret_cast<Primitive*>(memory)));
      returned.store(round, std::memory_order_release);
    }
  });
  int touched = 0;
  for (int round = 1; round <= rounds; ++round) {
    auto* const primitive = ::new (memory) Primitive;
    prepare(*primitive);
    is_late.store(std::chrono::steady_clock::now() > end, std::memory_order_relaxed);
    begun.store(round, std::memory_order_release);
    if (is_late.load(std::memory_order_relaxed)) {
      primitive->~Primitive();
      break;
    }
    for (std::atomic<int> pause{round * 7 % 256}; pause.load(std::memory_order_relaxed) > 0;)
      pause.fetch_sub(1, std::memory_order_relaxed);
    wait(*primitive);
    primitive->~Primitive();
    std::fill(std::begin(memory), std::end(memory), k_pattern);
    reaches(returned, round);
    if (std::any_of(std::begin(memory), std::end(memory), [](std::byte b) { return b != k_pattern; })) ++touched;
  }
  releaser.join();
  EXPECT_EQ(touched, 0);
}

}  // namespace weft::testing
