// What [thread.once] says of once_flag and call_once. call_once finds itself by its flag.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

template <class World>
using once_flag_of = typename World::once_flag;

CONFORMANCE_LIST(once_list, once_flag_of);

template <class Flag>
Flag& constant_flag() {
  constinit static Flag once;
  return once;
}

CONFORMS(once_list, flag_is_constant_flag_and_stays_in_place) {
  using flag = once_flag_of<World>;
  static_assert(std::is_nothrow_default_constructible_v<flag>);
  static_assert(k_stays_in_place<flag>);
  call_once(constant_flag<flag>(), [] {});
}

CONFORMS(once_list, of_many_one_calls_and_all_see_what_it_did) {
  for (int round = 0; round < 20; ++round) {
    once_flag_of<World> once;
    int calls = 0;
    std::atomic<int> saw{0};
    on_threads<World>(4, [&](int) {
      call_once(once, [&] {
        World::yield();
        ++calls;
      });
      if (calls == 1) ++saw;
    });
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(saw, 4);
  }
}

CONFORMS(once_list, others_wait_for_the_one_that_calls) {
  once_flag_of<World> once;
  std::atomic<bool> has_begun{false}, may_end{false}, other_is_through{false};
  typename World::thread active([&] {
    call_once(once, [&] {
      has_begun = true;
      wait_until([&] { return may_end.load(); });
    });
  });
  wait_until([&] { return has_begun.load(); });
  typename World::thread passive([&] {
    call_once(once, [] { ADD_FAILURE() << "called twice"; });
    other_is_through = true;
  });
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_FALSE(other_is_through);
  may_end = true;
  active.join();
  passive.join();
  EXPECT_TRUE(other_is_through);
}

CONFORMS(once_list, passes_its_arguments_on_as_they_are) {
  struct counter {
    int value = 0;
    void add(int n) { value += n; }
  };
  once_flag_of<World> first, second, third;
  counter c;
  call_once(first, &counter::add, c, 3);
  EXPECT_EQ(c.value, 3);
  auto cargo = std::make_unique<int>(4);
  call_once(
      second, [&](std::unique_ptr<int> taken) { c.value = *taken; }, std::move(cargo));
  EXPECT_EQ(c.value, 4);
  EXPECT_EQ(cargo, nullptr);
  std::string text;
  call_once(
      third, [](std::string& to) { to = "by reference"; }, text);
  EXPECT_EQ(text, "by reference");
}

// A failed call is none: the next that comes, or waits, calls its own function.
CONFORMS(once_list, after_a_call_that_threw_the_next_calls) {
  once_flag_of<World> once;
  int calls = 0;
  EXPECT_THROW(call_once(once,
                         [&] {
                           ++calls;
                           throw std::runtime_error("not yet");
                         }),
               std::runtime_error);
  call_once(once, [&] { ++calls; });
  call_once(once, [&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

CONFORMS(once_list, of_many_whose_first_calls_throw_one_succeeds) {
  once_flag_of<World> once;
  std::atomic<int> begun{0}, thrown{0};
  int succeeded = 0;
  on_threads<World>(6, [&](int) {
    try {
      call_once(once, [&] {
        if (begun++ < 3) throw std::runtime_error("not yet");
        ++succeeded;
      });
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  });
  EXPECT_EQ(thrown, 3);
  EXPECT_EQ(begun, 4);
  EXPECT_EQ(succeeded, 1);
}

}  // namespace
}  // namespace weft::testing
