// What [futures.task] says of packaged_task.

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

// clang-format off
template <class World, class Signature> using task_of = typename World::template packaged_task<Signature>;
template <class World> using task_of_int = task_of<World, int(int)>;
// clang-format on

CONFORMANCE_LIST(packaged_task_list, task_of_int);

int twice(int n) { return 2 * n; }

CONFORMS(packaged_task_list, has_the_types_that_are_required) {
  using task = task_of_int<World>;
  static_assert(k_moves_alone<task> && std::is_nothrow_default_constructible_v<task>);
  static_assert(std::is_constructible_v<task, int (*)(int)> && !std::is_convertible_v<int (*)(int), task>);
  static_assert(requires(task t, const task c) {
    { c.valid() }
    noexcept->std::same_as<bool>;
    { t.get_future() } -> std::same_as<typename World::template future<int>>;
    { t(1) } -> std::same_as<void>;
    { t.reset() } -> std::same_as<void>;
    { t.swap(t) }
    noexcept->std::same_as<void>;
    { swap(t, t) }
    noexcept->std::same_as<void>;
  });
}

CONFORMS(packaged_task_list, what_it_returns_reaches_the_future) {
  task_of_int<World> t(twice);
  EXPECT_TRUE(t.valid());
  auto f = t.get_future();
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  t(4);
  EXPECT_EQ(f.get(), 8);
}

CONFORMS(packaged_task_list, what_it_throws_reaches_the_future) {
  task_of<World, void()> t([] { throw std::runtime_error("mine"); });
  auto f = t.get_future();
  t();
  EXPECT_THROW(f.get(), std::runtime_error);
}

CONFORMS(packaged_task_list, runs_on_another_thread) {
  task_of_int<World> t(twice);
  auto f = t.get_future();
  typename World::thread other(std::move(t), 5);
  EXPECT_EQ(f.get(), 10);
  other.join();
  EXPECT_FALSE(t.valid());
}

CONFORMS(packaged_task_list, without_a_state_says_so) {
  const auto no_state = make_error_code(std::future_errc::no_state);
  task_of_int<World> t;
  EXPECT_FALSE(t.valid());
  EXPECT_EQ(code_thrown_by([&] { return t(1), 0; }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return t.get_future(); }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return t.reset(), 0; }), no_state);
}

CONFORMS(packaged_task_list, runs_once_and_gives_its_future_once) {
  int runs = 0;
  task_of<World, void()> t([&] { ++runs; });
  auto f = t.get_future();
  EXPECT_EQ(code_thrown_by([&] { return t.get_future(); }), std::future_errc::future_already_retrieved);
  t();
  EXPECT_EQ(code_thrown_by([&] { return t(), 0; }), std::future_errc::promise_already_satisfied);
  f.get();
  EXPECT_EQ(runs, 1);
}

CONFORMS(packaged_task_list, reset_runs_again_for_a_new_future) {
  int runs = 0;
  task_of<World, int()> t([&runs, kept = std::make_unique<int>(10)] { return *kept + ++runs; });
  auto first = t.get_future();
  t();
  t.reset();
  auto second = t.get_future();
  EXPECT_EQ(second.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  t();
  EXPECT_EQ(first.get(), 11);
  EXPECT_EQ(second.get(), 12);
}

CONFORMS(packaged_task_list, reset_before_it_ran_breaks_its_promise) {
  task_of_int<World> t(twice);
  auto f = t.get_future();
  t.reset();
  EXPECT_EQ(code_thrown_by([&] { return f.get(); }), std::future_errc::broken_promise);
}

CONFORMS(packaged_task_list, destroyed_or_assigned_over_before_it_ran_breaks_its_promise) {
  typename World::template future<int> f;
  {
    task_of_int<World> t(twice);
    f = t.get_future();
  }
  EXPECT_EQ(code_thrown_by([&] { return f.get(); }), std::future_errc::broken_promise);
  task_of_int<World> t(twice);
  f = t.get_future();
  t = task_of_int<World>();
  EXPECT_EQ(code_thrown_by([&] { return f.get(); }), std::future_errc::broken_promise);
}

CONFORMS(packaged_task_list, moves_and_swaps) {
  task_of_int<World> a(twice), b([](int n) { return 3 * n; });
  auto of_a = a.get_future(), of_b = b.get_future();
  swap(a, b);
  a.swap(b);
  a.swap(b);
  a(1);
  b(1);
  EXPECT_EQ(of_a.get(), 2);
  EXPECT_EQ(of_b.get(), 3);
  task_of_int<World> c(std::move(a));
  EXPECT_FALSE(a.valid());
  EXPECT_TRUE(c.valid());
}

CONFORMS(packaged_task_list, carries_references_values_and_nothing) {
  int there = 0;
  task_of<World, int&(int&)> refers([](int& n) -> int& { return n; });
  auto reference = refers.get_future();
  refers(there);
  EXPECT_EQ(&reference.get(), &there);

  task_of<World, std::unique_ptr<int>(std::unique_ptr<int>)> passes([](std::unique_ptr<int> p) { return p; });
  auto cargo = passes.get_future();
  passes(std::make_unique<int>(7));
  EXPECT_EQ(*cargo.get(), 7);

  task_of<World, void(int)> drops(twice);  // whose result nobody wants
  auto nothing = drops.get_future();
  drops(1);
  nothing.get();
}

CONFORMS(packaged_task_list, calls_as_invoke_does) {
  struct counter {
    long value = 0;  // not int: g++ 12 fears for a table of virtual functions in it, which has the size of a pointer
    int add(int n) { return static_cast<int>(value += n); }
  };
  counter c;
  task_of<World, int(counter&, int)> t(&counter::add);
  auto f = t.get_future();
  t(c, 2);
  EXPECT_EQ(f.get(), 2);
  EXPECT_EQ(c.value, 2);
}

// --- make_ready_at_thread_exit

CONFORMS(packaged_task_list, made_ready_at_thread_exit_it_is_when_the_thread_has_ended) {
  task_of<World, int()> t([] { return 5; });
  auto f = t.get_future();
  std::atomic<bool> has_run{false}, may_end{false};
  typename World::thread other([&] {
    t.make_ready_at_thread_exit();
    EXPECT_EQ(code_thrown_by([&] { return t(), 0; }), std::future_errc::promise_already_satisfied);
    has_run = true;
    wait_until([&] { return may_end.load(); });
  });
  wait_until([&] { return has_run.load(); });
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  may_end = true;
  EXPECT_EQ(f.get(), 5);
  other.join();
}

}  // namespace
}  // namespace weft::testing
