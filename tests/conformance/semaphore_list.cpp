// What [thread.sema] says of counting_semaphore and binary_semaphore.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <type_traits>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// clang-format off
template <class World> using binary_semaphore_of = typename World::binary_semaphore;
template <class World> using counting_semaphore_of = typename World::template counting_semaphore<16>;
template <class World> using largest_semaphore_of = typename World::template counting_semaphore<>;
// clang-format on

CONFORMANCE_LIST(semaphore_list, binary_semaphore_of, counting_semaphore_of, largest_semaphore_of);

// [thread.sema.cnt]: "An implementation should ensure that try_acquire does not consistently return false".
template <class Semaphore>
void acquire_by_trying(Semaphore& s) {
  wait_until([&] { return s.try_acquire(); });
}

CONFORMS(semaphore_list, has_the_types_that_are_required) {
  using semaphore = typename World::subject;
  static_assert(k_stays_in_place<semaphore>);
  static_assert(!std::is_default_constructible_v<semaphore>);
  static_assert(!std::is_convertible_v<std::ptrdiff_t, semaphore>);
  static_assert(requires(semaphore s) {
    { s.release() } -> std::same_as<void>;
    { s.release(1) } -> std::same_as<void>;
    { s.acquire() } -> std::same_as<void>;
    { s.try_acquire() }
    noexcept->std::same_as<bool>;
    { s.try_acquire_for(milliseconds(1)) } -> std::same_as<bool>;
    { s.try_acquire_until(steady_clock::now()) } -> std::same_as<bool>;
    { s.try_acquire_until(std::chrono::system_clock::now()) } -> std::same_as<bool>;
  });
  static_assert(noexcept(semaphore::max()) && semaphore::max() >= 1);
  // That it is constant-initialised is not asked: libstdc++ 12's is not.
}

CONFORMS(semaphore_list, greatest_count_is_no_less_than_was_asked) {
  static_assert(binary_semaphore_of<World>::max() >= 1);
  static_assert(counting_semaphore_of<World>::max() >= 16);
  static_assert(std::is_same_v<binary_semaphore_of<World>, typename World::template counting_semaphore<1>>);
}

CONFORMS(semaphore_list, gives_what_it_has_and_no_more) {
  typename World::subject s(1);
  s.acquire();
  EXPECT_FALSE(s.try_acquire());
  s.release();
  acquire_by_trying(s);
  EXPECT_FALSE(s.try_acquire());
  s.release(0);
  EXPECT_FALSE(s.try_acquire());
}

CONFORMS(semaphore_list, acquire_waits_for_a_release_and_sees_what_came_before_it) {
  typename World::subject s(0);
  int written = 0;
  std::atomic<bool> is_through{false};
  typename World::thread waiter([&] {
    s.acquire();
    EXPECT_EQ(written, 1);
    is_through = true;
  });
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_FALSE(is_through);
  written = 1;
  s.release();
  waiter.join();
  EXPECT_FALSE(s.try_acquire());
}

CONFORMS(semaphore_list, hands_turns_to_and_fro) {
  typename World::subject ping(1), pong(0);
  int turns = 0;
  on_threads<World>(2, [&](int i) {
    for (int round = 0; round < 200; ++round) {
      (i == 0 ? ping : pong).acquire();
      EXPECT_EQ(turns % 2, i);
      ++turns;
      (i == 0 ? pong : ping).release();
    }
  });
  EXPECT_EQ(turns, 400);
}

CONFORMS(semaphore_list, a_limit_that_has_passed_does_not_wait) {
  typename World::subject s(0);
  EXPECT_FALSE(s.try_acquire_for(milliseconds(0)));
  EXPECT_FALSE(s.try_acquire_for(milliseconds(-1)));
  EXPECT_FALSE(s.try_acquire_until(steady_clock::now()));
  EXPECT_FALSE(s.try_acquire_until(steady_clock::time_point()));
  EXPECT_FALSE(s.try_acquire_until(std::chrono::system_clock::now()));
  EXPECT_FALSE(s.try_acquire_until(foreign_clock::now()));
  s.release();
  wait_until([&] { return s.try_acquire_for(milliseconds(0)); });
  s.release();
  wait_until([&] { return s.try_acquire_until(steady_clock::time_point()); });
}

CONFORMS(semaphore_list, gives_up_no_sooner_than_its_limit) {
  typename World::subject s(0);
  const auto until = steady_clock::now() + milliseconds(2);
  EXPECT_FALSE(s.try_acquire_until(until));
  EXPECT_GE(steady_clock::now(), until);
  const auto later = steady_clock::now() + milliseconds(2);
  EXPECT_FALSE(s.try_acquire_for(milliseconds(2)));
  EXPECT_GE(steady_clock::now(), later);
  const auto on_the_wall = std::chrono::system_clock::now() + milliseconds(2);
  EXPECT_FALSE(s.try_acquire_until(on_the_wall));
  EXPECT_GE(std::chrono::system_clock::now(), on_the_wall);
}

CONFORMS(semaphore_list, a_release_within_the_limit_is_had) {
  typename World::subject s(0);
  std::atomic<int> had{0};
  for (const bool by_duration : {true, false}) {
    typename World::thread waiter([&] {
      const bool got = by_duration ? s.try_acquire_for(std::chrono::hours(1))
                                   : s.try_acquire_until(steady_clock::now() + std::chrono::hours(1));
      if (got) ++had;
    });
    for (int i = 0; i < 10; ++i) World::yield();
    s.release();
    waiter.join();
  }
  EXPECT_EQ(had, 2);
}

// --- with a count

CONFORMANCE_LIST(counting_semaphore_list, counting_semaphore_of, largest_semaphore_of);

CONFORMS(counting_semaphore_list, counts_what_it_began_with_and_what_is_released) {
  typename World::subject s(2);
  acquire_by_trying(s);
  acquire_by_trying(s);
  EXPECT_FALSE(s.try_acquire());
  s.release(3);
  for (int i = 0; i < 3; ++i) acquire_by_trying(s);
  EXPECT_FALSE(s.try_acquire());
}

CONFORMS(counting_semaphore_list, a_release_of_many_lets_as_many_go) {
  typename World::subject s(0);
  std::atomic<int> through{0};
  typename World::thread crew([&] {
    on_threads<World>(5, [&](int) {
      s.acquire();
      ++through;
    });
  });
  s.release(3);
  wait_until([&] { return through == 3; });
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
  crew.join();
  EXPECT_EQ(through, 5);
}

CONFORMS(counting_semaphore_list, lets_no_more_in_than_it_counts) {
  if (std::is_base_of_v<std_world, World>)
    GTEST_SKIP() << "libstdc++'s own has slept for ever here, with no fiber in the process";
  constexpr int k_room = 3;
  typename World::subject s(k_room);
  std::atomic<int> inside{0}, most{0};
  on_threads<World>(6, [&](int) {
    for (int round = 0; round < 50; ++round) {
      s.acquire();
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      World::yield();
      --inside;
      s.release();
    }
  });
  EXPECT_LE(most, k_room);
  EXPECT_EQ(inside, 0);
}

}  // namespace
}  // namespace weft::testing
