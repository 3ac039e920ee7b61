// What [futures.promise] says of promise, and [futures.unique.future] of what its future says then.

#include <atomic>
#include <exception>
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
template <class World> using promise_of_int = typename World::template promise<int>;
template <class World, class R> using promise_of = typename World::template promise<R>;
// clang-format on

CONFORMANCE_LIST(promise_list, promise_of_int);

std::exception_ptr some_failure() { return std::make_exception_ptr(std::runtime_error("some failure")); }

CONFORMS(promise_list, has_the_types_that_are_required) {
  using promise = promise_of_int<World>;
  static_assert(k_moves_alone<promise> && std::is_default_constructible_v<promise>);
  static_assert(k_moves_alone<promise_of<World, int&>> && k_moves_alone<promise_of<World, void>>);
  static_assert(requires(promise p, std::exception_ptr e) {
    { p.get_future() } -> std::same_as<typename World::template future<int>>;
    { p.set_value(1) } -> std::same_as<void>;
    { p.set_exception(e) } -> std::same_as<void>;
    { p.swap(p) }
    noexcept->std::same_as<void>;
    { swap(p, p) }
    noexcept->std::same_as<void>;
  });
}

CONFORMS(promise_list, a_value_reaches_the_future) {
  promise_of_int<World> p;
  auto f = p.get_future();
  EXPECT_TRUE(f.valid());
  p.set_value(7);
  EXPECT_EQ(f.get(), 7);
  EXPECT_FALSE(f.valid());
}

CONFORMS(promise_list, a_failure_reaches_the_future) {
  promise_of_int<World> p;
  auto f = p.get_future();
  p.set_exception(some_failure());
  f.wait();
  EXPECT_THROW(f.get(), std::runtime_error);
  EXPECT_FALSE(f.valid());
}

CONFORMS(promise_list, gives_its_future_once) {
  promise_of_int<World> p;
  const auto f = p.get_future();
  EXPECT_EQ(code_thrown_by([&] { return p.get_future(); }), std::future_errc::future_already_retrieved);
}

CONFORMS(promise_list, is_satisfied_once) {
  const auto already = make_error_code(std::future_errc::promise_already_satisfied);
  promise_of_int<World> kept;
  kept.set_value(1);
  EXPECT_EQ(code_thrown_by([&] { return kept.set_value(2), 0; }), already);
  EXPECT_EQ(code_thrown_by([&] { return kept.set_exception(some_failure()), 0; }), already);
  EXPECT_EQ(kept.get_future().get(), 1);
  promise_of<World, void> failed;
  failed.set_exception(some_failure());
  EXPECT_EQ(code_thrown_by([&] { return failed.set_value(), 0; }), already);
  EXPECT_EQ(code_thrown_by([&] { return failed.set_exception(some_failure()), 0; }), already);
}

CONFORMS(promise_list, of_several_threads_one_satisfies_it) {
  promise_of_int<World> p;
  auto f = p.get_future();
  std::atomic<int> refused{0}, winner{-1};
  on_threads<World>(4, [&](int i) {
    if (code_thrown_by([&] { return p.set_value(i), 0; }) == std::future_errc::promise_already_satisfied)
      ++refused;
    else
      winner = i;
  });
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(f.get(), winner);
}

CONFORMS(promise_list, moved_from_has_no_state) {
  const auto no_state = make_error_code(std::future_errc::no_state);
  promise_of_int<World> a, b(std::move(a));
  EXPECT_EQ(code_thrown_by([&] { return a.get_future(); }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return a.set_value(1), 0; }), no_state);
  EXPECT_EQ(code_thrown_by([&] { return a.set_exception(some_failure()), 0; }), no_state);
  auto f = b.get_future();
  a = std::move(b);
  a.set_value(3);
  EXPECT_EQ(f.get(), 3);
}

CONFORMS(promise_list, destroyed_unkept_is_broken) {
  typename World::template future<int> f;
  {
    promise_of_int<World> p;
    f = p.get_future();
  }
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(code_thrown_by([&] { return f.get(); }), std::future_errc::broken_promise);
}

CONFORMS(promise_list, assigned_over_unkept_is_broken) {
  promise_of_int<World> p;
  auto f = p.get_future();
  p = promise_of_int<World>();
  EXPECT_EQ(code_thrown_by([&] { return f.get(); }), std::future_errc::broken_promise);
  p.set_value(2);
  EXPECT_EQ(p.get_future().get(), 2);
}

CONFORMS(promise_list, destroyed_kept_leaves_its_value) {
  typename World::template future<std::string> f;
  {
    promise_of<World, std::string> p;
    f = p.get_future();
    p.set_value("kept");
  }
  EXPECT_EQ(f.get(), "kept");
}

CONFORMS(promise_list, swaps) {
  promise_of_int<World> a, b;
  auto of_a = a.get_future(), of_b = b.get_future();
  swap(a, b);
  a.set_value(1);
  b.swap(a);
  a.set_value(2);
  EXPECT_EQ(of_b.get(), 1);
  EXPECT_EQ(of_a.get(), 2);
}

CONFORMS(promise_list, takes_values_by_copy_by_move_by_reference_and_none) {
  promise_of<World, std::string> copied;
  const std::string text = "copied";
  copied.set_value(text);
  EXPECT_EQ(copied.get_future().get(), "copied");

  promise_of<World, std::unique_ptr<int>> moved;
  moved.set_value(std::make_unique<int>(5));
  EXPECT_EQ(*moved.get_future().get(), 5);

  promise_of<World, int&> referred;
  int there = 0;
  referred.set_value(there);
  EXPECT_EQ(&referred.get_future().get(), &there);

  promise_of<World, void> bare;
  auto f = bare.get_future();
  static_assert(std::is_void_v<decltype(f.get())>);
  bare.set_value();
  f.get();
  EXPECT_FALSE(f.valid());
}

struct made_of_int {
  explicit made_of_int(int n) : value(n) {}
  alignas(64) int value;
};

CONFORMS(promise_list, asks_nothing_of_a_value_but_that_it_moves) {
  promise_of<World, made_of_int> p;
  auto f = p.get_future();
  p.set_value(made_of_int(4));
  EXPECT_EQ(f.get().value, 4);
}

struct copy_fails {
  copy_fails() = default;
  copy_fails(const copy_fails&) { throw std::runtime_error("not copied"); }
  copy_fails(copy_fails&&) noexcept {}
};

// "Any exception thrown by the constructor selected to copy an object of R": nothing has been set then.
CONFORMS(promise_list, a_value_that_cannot_be_made_is_not_set) {
  promise_of<World, copy_fails> p;
  auto f = p.get_future();
  const copy_fails original;
  EXPECT_THROW(p.set_value(original), std::runtime_error);
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  p.set_value(copy_fails());
  EXPECT_EQ(f.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

CONFORMS(promise_list, a_value_that_nobody_got_is_destroyed) {
  const auto cargo = std::make_shared<int>(1);
  {
    promise_of<World, std::shared_ptr<int>> p;
    const auto f = p.get_future();
    p.set_value(cargo);
    EXPECT_EQ(cargo.use_count(), 2);
  }
  EXPECT_EQ(cargo.use_count(), 1);
}

CONFORMS(promise_list, the_one_who_saw_it_ready_may_destroy_it) {
  for (int round = 0; round < 20; ++round) {
    auto p = std::make_unique<promise_of_int<World>>();
    auto f = p->get_future();
    typename World::thread other([p = p.get(), round] { p->set_value(round); });
    EXPECT_EQ(f.get(), round);
    other.join();
  }
}

// --- set_value_at_thread_exit, set_exception_at_thread_exit

CONFORMS(promise_list, set_at_thread_exit_is_ready_when_the_thread_has_ended) {
  promise_of_int<World> with_value, with_failure;
  auto value = with_value.get_future(), failure = with_failure.get_future();
  std::atomic<bool> is_set{false}, may_end{false};
  typename World::thread t([&] {
    with_value.set_value_at_thread_exit(5);
    with_failure.set_exception_at_thread_exit(some_failure());
    EXPECT_EQ(code_thrown_by([&] { return with_value.set_value(6), 0; }), std::future_errc::promise_already_satisfied);
    is_set = true;
    wait_until([&] { return may_end.load(); });
  });
  wait_until([&] { return is_set.load(); });
  EXPECT_EQ(value.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(failure.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  may_end = true;
  EXPECT_EQ(value.get(), 5);
  EXPECT_THROW(failure.get(), std::runtime_error);
  t.join();
}

// Counts what is taken from it and not given back.
template <class T>
struct counting_allocator {
  using value_type = T;
  std::atomic<int>* taken;
  std::atomic<int>* ever;

  counting_allocator(std::atomic<int>& now, std::atomic<int>& all) noexcept : taken(&now), ever(&all) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& from) noexcept : taken(from.taken), ever(from.ever) {}  // NOLINT

  T* allocate(std::size_t n) {
    ++*taken;
    ++*ever;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) noexcept {
    --*taken;
    std::allocator<T>().deallocate(p, n);
  }
  template <class U>
  bool operator==(const counting_allocator<U>& other) const noexcept {
    return taken == other.taken;
  }
};

template <class World, class R, class Set>
void expect_state_from_allocator(Set set) {
  std::atomic<int> taken{0}, ever{0};
  {
    promise_of<World, R> p(std::allocator_arg, counting_allocator<char>(taken, ever));
    auto f = p.get_future();
    EXPECT_GE(taken.load(), 1);
    set(p);
    p = promise_of<World, R>();
    EXPECT_GE(taken.load(), 1);  // the future's
    f.get();
  }
  EXPECT_EQ(taken.load(), 0);
  EXPECT_GE(ever.load(), 1);
}

CONFORMS(promise_list, takes_what_is_shared_from_an_allocator) {
  static_assert(std::uses_allocator_v<promise_of_int<World>, counting_allocator<char>>);
  int target = 0;
  expect_state_from_allocator<World, int>([](auto& p) { p.set_value(7); });
  expect_state_from_allocator<World, int&>([&target](auto& p) { p.set_value(target); });
  expect_state_from_allocator<World, void>([](auto& p) { p.set_value(); });
}

}  // namespace
}  // namespace weft::testing
