// What [thread.latch] says of latch.

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

template <class World>
using latch_of = typename World::latch;

CONFORMANCE_LIST(latch_list, latch_of);

// [thread.latch.class]: "With very low probability false."
template <class Latch>
void await_open(const Latch& l) {
  wait_until([&] { return l.try_wait(); });
}

template <class Latch>
Latch& constant_latch() {
  constinit static Latch l(0);
  return l;
}

CONFORMS(latch_list, has_the_types_that_are_required) {
  using latch = latch_of<World>;
  static_assert(k_stays_in_place<latch>);
  static_assert(!std::is_default_constructible_v<latch>);
  static_assert(!std::is_convertible_v<std::ptrdiff_t, latch>);
  static_assert(noexcept(latch::max()) && latch::max() > 1000);
  static_assert(requires(latch l, const latch c) {
    { l.count_down() } -> std::same_as<void>;
    { l.count_down(2) } -> std::same_as<void>;
    { c.try_wait() }
    noexcept->std::same_as<bool>;
    { c.wait() } -> std::same_as<void>;
    { l.arrive_and_wait() } -> std::same_as<void>;
    { l.arrive_and_wait(2) } -> std::same_as<void>;
  });
  await_open(constant_latch<latch>());
}

CONFORMS(latch_list, opens_at_zero_and_stays_open) {
  latch_of<World> l(3);
  EXPECT_FALSE(l.try_wait());
  l.count_down();
  EXPECT_FALSE(l.try_wait());
  l.count_down(0);
  l.count_down(2);
  await_open(l);
  l.wait();
  l.wait();
  l.arrive_and_wait(0);
}

CONFORMS(latch_list, of_zero_is_open) {
  latch_of<World> l(0);
  l.wait();
  await_open(l);
}

CONFORMS(latch_list, lets_everybody_go_who_then_sees_what_came_before) {
  latch_of<World> prepared(2), begin(1);
  int written[2] = {};
  std::atomic<int> through{0};
  typename World::thread crew([&] {
    on_threads<World>(3, [&](int) {
      begin.wait();
      prepared.wait();
      EXPECT_EQ(written[0] + written[1], 3);
      ++through;
    });
  });
  EXPECT_EQ(through, 0);
  begin.count_down();
  on_threads<World>(2, [&](int i) {
    written[i] = i + 1;
    prepared.count_down();
  });
  crew.join();
  EXPECT_EQ(through, 3);
}

CONFORMS(latch_list, who_arrives_waits_for_the_others) {
  latch_of<World> l(4);
  std::atomic<int> arrived{0};
  on_threads<World>(3, [&](int i) {
    arrived += i == 0 ? 2 : 1;
    if (i == 0)
      l.arrive_and_wait(2);
    else
      l.arrive_and_wait();
    EXPECT_EQ(arrived, 4);
  });
  await_open(l);
}

CONFORMS(latch_list, count_down_does_not_wait) {
  latch_of<World> l(2);
  l.count_down();
  EXPECT_FALSE(l.try_wait());
  typename World::thread other([&] { l.count_down(); });
  l.wait();
  other.join();
}

}  // namespace
}  // namespace weft::testing
