// What [thread.barrier] says of barrier.

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

template <class World>
using barrier_of = typename World::template barrier<>;

CONFORMANCE_LIST(barrier_list, barrier_of);

template <class World, class Completion>
using barrier_with = typename World::template barrier<Completion>;

CONFORMS(barrier_list, has_the_types_that_are_required) {
  using barrier = barrier_of<World>;
  using token = typename barrier::arrival_token;
  static_assert(k_stays_in_place<barrier>);
  static_assert(!std::is_default_constructible_v<barrier>);
  static_assert(!std::is_convertible_v<std::ptrdiff_t, barrier>);
  static_assert(std::is_move_constructible_v<token> && std::is_move_assignable_v<token>);
  static_assert(noexcept(barrier::max()) && barrier::max() > 1000);
  static_assert(requires(barrier b, const barrier c, token t) {
    { b.arrive() } -> std::same_as<token>;
    { b.arrive(2) } -> std::same_as<token>;
    { c.wait(std::move(t)) } -> std::same_as<void>;
    { b.arrive_and_wait() } -> std::same_as<void>;
    { b.arrive_and_drop() } -> std::same_as<void>;
  });
}

CONFORMS(barrier_list, nobody_goes_on_before_all_have_arrived_phase_after_phase) {
  constexpr int k_threads = 3, k_phases = 50;
  barrier_of<World> b(k_threads);
  int reached[k_threads] = {};
  on_threads<World>(k_threads, [&](int i) {
    for (int phase = 1; phase <= k_phases; ++phase) {
      reached[i] = phase;
      b.arrive_and_wait();
      for (const int other : reached) EXPECT_EQ(other, phase);
      b.arrive_and_wait();
    }
  });
}

CONFORMS(barrier_list, completion_runs_once_a_phase_before_anybody_goes_on) {
  constexpr int k_threads = 3, k_phases = 50;
  int completed = 0;
  std::atomic<int> arrived{0};
  const auto complete = [&]() noexcept {
    ++completed;
    EXPECT_EQ(arrived, k_threads * completed);
  };
  barrier_with<World, decltype(complete)> b(k_threads, complete);
  on_threads<World>(k_threads, [&](int) {
    for (int phase = 1; phase <= k_phases; ++phase) {
      ++arrived;
      b.arrive_and_wait();
      EXPECT_EQ(completed, phase);
    }
  });
  EXPECT_EQ(completed, k_phases);
}

CONFORMS(barrier_list, arrive_does_not_wait_and_its_token_does) {
  int completed = 0;
  const auto complete = [&]() noexcept { ++completed; };
  barrier_with<World, decltype(complete)> b(2, complete);
  auto token = b.arrive();
  EXPECT_EQ(completed, 0);
  typename World::thread other([&] { b.arrive_and_wait(); });
  b.wait(std::move(token));
  EXPECT_EQ(completed, 1);
  other.join();
}

CONFORMS(barrier_list, a_token_of_a_phase_that_is_over_does_not_wait) {
  barrier_of<World> b(2);
  auto first = b.arrive();
  auto second = b.arrive();
  b.wait(std::move(first));
  auto moved = std::move(second);
  b.wait(std::move(moved));
}

CONFORMS(barrier_list, arrives_for_many) {
  int completed = 0;
  const auto complete = [&]() noexcept { ++completed; };
  barrier_with<World, decltype(complete)> b(5, complete);
  b.wait(b.arrive(5));
  auto token = b.arrive(2);
  EXPECT_EQ(completed, 1);
  typename World::thread other([&] { b.wait(b.arrive(3)); });
  b.wait(std::move(token));
  other.join();
  EXPECT_EQ(completed, 2);
}

CONFORMS(barrier_list, who_drops_out_is_not_waited_for_again) {
  int completed = 0;
  const auto complete = [&]() noexcept { ++completed; };
  barrier_with<World, decltype(complete)> b(3, complete);
  on_threads<World>(3, [&](int i) {
    b.arrive_and_wait();
    if (i == 0) return b.arrive_and_drop();
    for (int phase = 0; phase < 3; ++phase) b.arrive_and_wait();
  });
  EXPECT_EQ(completed, 4);
}

CONFORMS(barrier_list, the_last_to_drop_completes_the_phase) {
  int completed = 0;
  const auto complete = [&]() noexcept { ++completed; };
  barrier_with<World, decltype(complete)> b(2, complete);
  auto token = b.arrive();
  b.arrive_and_drop();
  b.wait(std::move(token));
  EXPECT_EQ(completed, 1);
  b.arrive_and_wait();  // alone now
  EXPECT_EQ(completed, 2);
}

CONFORMS(barrier_list, what_came_before_an_arrival_is_seen_by_the_completion_and_after) {
  int parts[2] = {}, sum = 0;
  const auto complete = [&]() noexcept { sum = parts[0] + parts[1]; };
  barrier_with<World, decltype(complete)> b(2, complete);
  on_threads<World>(2, [&](int i) {
    for (int phase = 0; phase < 20; ++phase) {
      parts[i] = phase + i;
      b.arrive_and_wait();
      EXPECT_EQ(sum, 2 * phase + 1);
      b.arrive_and_wait();
    }
  });
}

}  // namespace
}  // namespace weft::testing
