// What [futures.unique.future] says of future and [futures.shared.future] of shared_future. Who provides:
// promise_list.cpp.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>
#include <conformance/thrown.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// clang-format off
template <class World> using future_of_int = typename World::template future<int>;
template <class World> using shared_future_of_int = typename World::template shared_future<int>;
template <class World, class R> using promise_of = typename World::template promise<R>;
template <class World, class R> using shared_future_of = typename World::template shared_future<R>;
// clang-format on

// --- both

CONFORMANCE_LIST(any_future_list, future_of_int, shared_future_of_int);

CONFORMS(any_future_list, without_a_state_says_so) {
  const auto no_state = make_error_code(std::future_errc::no_state);
  typename World::subject none;
  EXPECT_FALSE(none.valid());
  EXPECT_EQ(code_thrown_by([&] { return none.get(); }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return none.wait(), 0; }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return none.wait_for(milliseconds(0)), 0; }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return none.wait_until(steady_clock::now()), 0; }), no_state);
}

CONFORMS(any_future_list, a_limit_that_has_passed_tells_whether_it_is_ready) {
  promise_of<World, int> p;
  typename World::subject f(p.get_future());
  for (const auto expected : {std::future_status::timeout, std::future_status::ready}) {
    EXPECT_EQ(f.wait_for(milliseconds(0)), expected);
    EXPECT_EQ(f.wait_for(milliseconds(-1)), expected);
    EXPECT_EQ(f.wait_until(steady_clock::time_point()), expected);
    EXPECT_EQ(f.wait_until(std::chrono::system_clock::now()), expected);
    EXPECT_EQ(f.wait_until(foreign_clock::now()), expected);
    if (expected == std::future_status::timeout) p.set_value(1);
  }
  EXPECT_TRUE(f.valid());
}

CONFORMS(any_future_list, waits_no_less_than_its_limit) {
  promise_of<World, int> p;
  typename World::subject f(p.get_future());
  const auto until = steady_clock::now() + milliseconds(2);
  EXPECT_EQ(f.wait_until(until), std::future_status::timeout);
  EXPECT_GE(steady_clock::now(), until);
  const auto later = steady_clock::now() + milliseconds(2);
  EXPECT_EQ(f.wait_for(milliseconds(2)), std::future_status::timeout);
  EXPECT_GE(steady_clock::now(), later);
}

CONFORMS(any_future_list, every_wait_ends_when_it_is_set_and_sees_what_came_before) {
  for (int way = 0; way < 4; ++way) {
    promise_of<World, int> p;
    typename World::subject f(p.get_future());
    int written = 0;
    typename World::thread waiter([&] {
      auto status = std::future_status::ready;
      if (way == 0) f.wait();
      if (way == 1) status = f.wait_for(std::chrono::hours(1));
      if (way == 2) status = f.wait_until(steady_clock::now() + std::chrono::hours(1));
      EXPECT_EQ(status, std::future_status::ready);
      EXPECT_EQ(f.get(), 3);
      EXPECT_EQ(written, 1);
    });
    for (int i = 0; i < 10; ++i) World::yield();
    written = 1;
    p.set_value(3);
    waiter.join();
  }
}

// --- [futures.unique.future]

CONFORMANCE_LIST(future_list, future_of_int);

CONFORMS(future_list, has_the_types_that_are_required) {
  using future = future_of_int<World>;
  static_assert(k_moves_alone<future> && std::is_nothrow_default_constructible_v<future>);
  static_assert(requires(future f, const future c) {
    { f.get() } -> std::same_as<int>;
    { c.valid() }
    noexcept->std::same_as<bool>;
    { c.wait() } -> std::same_as<void>;
    { c.wait_for(milliseconds(1)) } -> std::same_as<std::future_status>;
    { f.share() }
    noexcept->std::same_as<typename World::template shared_future<int>>;
  });
  static_assert(std::is_same_v<decltype(promise_of<World, int&>().get_future().get()), int&>);
  static_assert(std::is_same_v<decltype(promise_of<World, void>().get_future().get()), void>);
}

CONFORMS(future_list, moves_its_state_along) {
  promise_of<World, int> p;
  auto a = p.get_future();
  future_of_int<World> b(std::move(a));
  EXPECT_FALSE(a.valid());
  EXPECT_TRUE(b.valid());
  a = std::move(b);
  EXPECT_FALSE(b.valid());
  p.set_value(1);
  EXPECT_EQ(a.get(), 1);
}

CONFORMS(future_list, get_moves_the_value_out_and_ends_the_future) {
  promise_of<World, std::unique_ptr<int>> p;
  auto f = p.get_future();
  p.set_value(std::make_unique<int>(6));
  EXPECT_EQ(*f.get(), 6);
  EXPECT_FALSE(f.valid());
  EXPECT_EQ(code_thrown_by([&] { return f.get(), 0; }), std::future_errc::no_state);
}

CONFORMS(future_list, of_a_promise_does_not_wait_when_it_is_destroyed) {
  promise_of<World, int> p;
  { const auto f = p.get_future(); }
  p.set_value(1);
}

// --- [futures.shared.future]

CONFORMANCE_LIST(shared_future_list, shared_future_of_int);

CONFORMS(shared_future_list, has_the_types_that_are_required) {
  using shared = shared_future_of_int<World>;
  static_assert(std::is_nothrow_default_constructible_v<shared> && std::is_nothrow_copy_constructible_v<shared> &&
                std::is_nothrow_copy_assignable_v<shared> && std::is_nothrow_move_constructible_v<shared> &&
                std::is_nothrow_move_assignable_v<shared>);
  static_assert(std::is_nothrow_convertible_v<future_of_int<World>, shared>);
  static_assert(requires(const shared c) {
    { c.get() } -> std::same_as<const int&>;
    { c.valid() }
    noexcept->std::same_as<bool>;
  });
  static_assert(std::is_same_v<decltype(shared_future_of<World, int&>().get()), int&>);
  static_assert(std::is_same_v<decltype(shared_future_of<World, void>().get()), void>);
}

CONFORMS(shared_future_list, takes_the_state_of_a_future) {
  promise_of<World, int> p;
  auto f = p.get_future();
  const auto shared = f.share();
  EXPECT_FALSE(f.valid());
  EXPECT_TRUE(shared.valid());
  p.set_value(2);
  EXPECT_EQ(shared.get(), 2);
  EXPECT_EQ(shared.get(), 2);
  EXPECT_TRUE(shared.valid());
}

CONFORMS(shared_future_list, copies_see_the_same_value) {
  promise_of<World, std::string> p;
  const shared_future_of<World, std::string> a = p.get_future();
  shared_future_of<World, std::string> b = a, c;
  c = b;
  p.set_value("one");
  EXPECT_EQ(&a.get(), &b.get());
  EXPECT_EQ(&b.get(), &c.get());
  shared_future_of<World, std::string> d(std::move(c));
  EXPECT_FALSE(c.valid());
  EXPECT_EQ(d.get(), "one");
}

CONFORMS(shared_future_list, wakes_all_who_wait_through_copies) {
  promise_of<World, int> p;
  const shared_future_of<World, int> f = p.get_future();
  std::atomic<int> sum{0}, waiting{0};
  typename World::thread crew([&] {
    on_threads<World>(4, [&, f](int) {
      const auto mine = f;
      ++waiting;
      sum += mine.get();
    });
  });
  wait_until([&] { return waiting == 4; });
  p.set_value(10);
  crew.join();
  EXPECT_EQ(sum, 40);
}

CONFORMS(shared_future_list, throws_the_same_failure_at_every_get) {
  promise_of<World, void> p;
  const shared_future_of<World, void> f = p.get_future();
  p.set_exception(std::make_exception_ptr(std::runtime_error("again")));
  for (int i = 0; i < 3; ++i) EXPECT_THROW(f.get(), std::runtime_error);
  EXPECT_TRUE(f.valid());
}

CONFORMS(shared_future_list, carries_references_and_nothing) {
  promise_of<World, int&> referred;
  const auto reference = referred.get_future().share();
  int there = 0;
  referred.set_value(there);
  EXPECT_EQ(&reference.get(), &there);
  promise_of<World, void> bare;
  const auto nothing = bare.get_future().share();
  bare.set_value();
  nothing.get();
  nothing.get();
}

CONFORMS(shared_future_list, keeps_the_value_until_the_last_is_gone) {
  const auto cargo = std::make_shared<int>(1);
  {
    shared_future_of<World, std::shared_ptr<int>> last;
    {
      promise_of<World, std::shared_ptr<int>> p;
      const shared_future_of<World, std::shared_ptr<int>> first = p.get_future();
      p.set_value(cargo);
      last = first;
    }
    EXPECT_EQ(cargo.use_count(), 2);
    EXPECT_EQ(last.get(), cargo);
  }
  EXPECT_EQ(cargo.use_count(), 1);
}

}  // namespace
}  // namespace weft::testing
