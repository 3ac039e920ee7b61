// What [thread.thread.class], [thread.thread.id] and [thread.thread.this] say of thread, its ids and this_thread.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/copies.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>
#include <conformance/thrown.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

template <class World>
using thread_of = typename World::thread;

CONFORMANCE_LIST(thread_list, thread_of);

CONFORMS(thread_list, has_the_types_that_are_required) {
  using thread = thread_of<World>;
  static_assert(k_moves_alone<thread> && std::is_nothrow_default_constructible_v<thread>);
  static_assert(!std::is_convertible_v<void (*)(), thread>);
  static_assert(requires(thread t, const thread c) {
    { t.swap(t) }
    noexcept->std::same_as<void>;
    { swap(t, t) }
    noexcept->std::same_as<void>;
    { c.joinable() }
    noexcept->std::same_as<bool>;
    { t.join() } -> std::same_as<void>;
    { t.detach() } -> std::same_as<void>;
    { c.get_id() }
    noexcept->std::same_as<typename thread::id>;
    { thread::hardware_concurrency() }
    noexcept->std::same_as<unsigned>;
  });
}

CONFORMS(thread_list, default_it_is_none) {
  thread_of<World> t;
  EXPECT_FALSE(t.joinable());
  EXPECT_EQ(t.get_id(), typename thread_of<World>::id());
}

CONFORMS(thread_list, join_returns_after_the_end_and_sees_it) {
  int written = 0;
  thread_of<World> t([&] {
    for (int i = 0; i < 10; ++i) World::yield();
    written = 1;
    return 3;  // which nobody wants
  });
  EXPECT_TRUE(t.joinable());
  t.join();
  EXPECT_EQ(written, 1);
  EXPECT_FALSE(t.joinable());
  EXPECT_EQ(t.get_id(), typename thread_of<World>::id());
}

CONFORMS(thread_list, what_comes_before_its_start_is_seen_by_it) {
  int written = 1, seen = 0;
  thread_of<World> t([&] { seen = written; });
  t.join();
  EXPECT_EQ(seen, 1);
}

void add(int& to, const std::string& digits) { to += std::stoi(digits); }

CONFORMS(thread_list, copies_or_moves_what_it_is_given) {
  int there = 0;
  char digits[] = "41";  // arrives as a copy of a pointer, and as a string
  thread_of<World> by_pointer(add, std::ref(there), digits);
  by_pointer.join();
  EXPECT_EQ(there, 41);
  auto cargo = std::make_unique<int>(1);
  thread_of<World> by_move([&](std::unique_ptr<int> taken) { there += *taken; }, std::move(cargo));
  EXPECT_EQ(cargo, nullptr);
  by_move.join();
  EXPECT_EQ(there, 42);
  thread_of<World> of_its_own([kept = std::make_unique<int>(1), &there]() mutable { there -= *kept; });
  of_its_own.join();
  EXPECT_EQ(there, 41);
}

CONFORMS(thread_list, what_it_was_given_is_destroyed_by_the_time_it_is_joined) {
  const auto cargo = std::make_shared<int>(1);
  thread_of<World> t([cargo](const std::shared_ptr<int>& also) { EXPECT_GE(also.use_count(), 3); }, cargo);
  t.join();
  EXPECT_EQ(cargo.use_count(), 1);
}

CONFORMS(thread_list, a_copy_that_throws_does_so_at_its_start) {
  struct copy_fails {
    copy_fails() = default;
    copy_fails(const copy_fails&) { throw std::runtime_error("not copied"); }
    void operator()() const {}
  };
  const copy_fails original;
  EXPECT_THROW(thread_of<World>{original}, std::runtime_error);
}

CONFORMS(thread_list, calls_as_invoke_does) {
  struct counter {
    int value = 0;
    void add(int n) { value += n; }
  };
  counter c;
  thread_of<World>(&counter::add, &c, 2).join();
  thread_of<World>(&counter::add, std::ref(c), 3).join();
  EXPECT_EQ(c.value, 5);
}

CONFORMS(thread_list, moves_and_swaps) {
  thread_of<World> a([] {}), b;
  const auto id = a.get_id();
  b = std::move(a);
  EXPECT_FALSE(a.joinable());
  EXPECT_EQ(b.get_id(), id);
  swap(a, b);
  EXPECT_EQ(a.get_id(), id);
  a.swap(b);
  std::swap(a, b);
  thread_of<World> c(std::move(a));
  EXPECT_EQ(c.get_id(), id);
  EXPECT_FALSE(a.joinable() || b.joinable());
  c.join();
}

CONFORMS(thread_list, detached_it_goes_on_alone) {
  std::atomic<int> step{0};
  {
    thread_of<World> t([&] {
      wait_until([&] { return step == 1; });
      step = 2;
    });
    t.detach();
    EXPECT_FALSE(t.joinable());
    EXPECT_EQ(t.get_id(), typename thread_of<World>::id());
  }
  step = 1;
  wait_until([&] { return step == 2; });
}

CONFORMS(thread_list, refuses_what_cannot_be) {
  thread_of<World> none;
  EXPECT_EQ(code_thrown_by([&] { return none.join(), 0; }), std::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { return none.detach(), 0; }), std::errc::invalid_argument);
  thread_of<World> t([] {});
  t.join();
  EXPECT_EQ(code_thrown_by([&] { return t.join(), 0; }), std::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { return t.detach(), 0; }), std::errc::invalid_argument);
}

CONFORMS(thread_list, refuses_to_join_itself) {
  thread_of<World> t;
  std::atomic<bool> is_there{false};
  std::error_code said;
  t = thread_of<World>([&] {
    wait_until([&] { return is_there.load(); });
    said = code_thrown_by([&] { return t.join(), 0; });
  });
  is_there = true;
  while (!t.joinable()) World::yield();
  t.join();
  EXPECT_EQ(said, std::errc::resource_deadlock_would_occur);
}

// --- [thread.thread.id]

CONFORMS(thread_list, ids_name_threads) {
  using id = typename thread_of<World>::id;
  static_assert(std::is_trivially_copyable_v<id> && std::is_nothrow_default_constructible_v<id>);
  std::atomic<bool> may_end{false};
  id inside[3];
  std::set<id> ordered{id(), World::get_id()};
  std::unordered_set<id> hashed{id(), World::get_id()};
  thread_of<World> crew[3];
  for (int i = 0; i < 3; ++i) {
    crew[i] = thread_of<World>([&, i] {
      inside[i] = World::get_id();
      wait_until([&] { return may_end.load(); });
    });
    ordered.insert(crew[i].get_id());
    hashed.insert(crew[i].get_id());
  }
  id outside[3] = {crew[0].get_id(), crew[1].get_id(), crew[2].get_id()};
  may_end = true;
  for (auto& t : crew) t.join();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(inside[i], outside[i]);
  EXPECT_EQ(ordered.size(), 5u);
  EXPECT_EQ(hashed.size(), 5u);
  EXPECT_EQ(World::get_id(), World::get_id());
}

CONFORMS(thread_list, ids_are_ordered_and_printed) {
  using id = typename thread_of<World>::id;
  const id none, self = World::get_id();
  EXPECT_TRUE(none == id() && !(none != id()) && none <= id() && none >= id() && !(none < id()) && !(none > id()));
  EXPECT_TRUE((none < self) != (self < none));
  EXPECT_EQ(none<self, self> none);
  EXPECT_EQ(none <= self, !(self < none));
  EXPECT_TRUE((none <=> id()) == 0);
  std::ostringstream once, again, other;
  once << self;
  again << World::get_id();
  other << none;
  EXPECT_EQ(once.str(), again.str());
  EXPECT_NE(once.str(), other.str());
}

// --- [thread.thread.this]

CONFORMS(thread_list, sleeps_no_less_than_it_is_told) {
  World::sleep_for(milliseconds(0));
  World::sleep_for(milliseconds(-5));
  World::sleep_until(steady_clock::time_point());
  World::sleep_until(std::chrono::system_clock::time_point());
  const auto until = steady_clock::now() + milliseconds(2);
  World::sleep_for(milliseconds(2));
  EXPECT_GE(steady_clock::now(), until);
  const auto later = steady_clock::now() + std::chrono::microseconds(500);
  World::sleep_until(later);
  EXPECT_GE(steady_clock::now(), later);
  const auto on_the_wall = std::chrono::system_clock::now() + milliseconds(1);
  World::sleep_until(on_the_wall);
  EXPECT_GE(std::chrono::system_clock::now(), on_the_wall);
  const auto foreign = foreign_clock::now() + milliseconds(1);
  World::sleep_until(foreign);
  EXPECT_GE(foreign_clock::now(), foreign);
}

// --- what ends the process

template <class World>
class thread_death_test : public ::testing::Test {};
using thread_worlds = worlds_with<thread_of>;
TYPED_TEST_SUITE(thread_death_test, thread_worlds, name_of_subject);

template <class World>
thread_of<World> one_that_stays() {
  return thread_of<World>([] {
    for (;;) World::sleep_for(std::chrono::hours(1));
  });
}

TYPED_TEST(thread_death_test, destroyed_joinable_terminates) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(TypeParam::run([] { auto t = one_that_stays<TypeParam>(); }), "");
}

TYPED_TEST(thread_death_test, assigned_over_joinable_terminates) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(TypeParam::run([] {
                 auto t = one_that_stays<TypeParam>();
                 t = thread_of<TypeParam>();
               }),
               "");
}

TYPED_TEST(thread_death_test, an_exception_out_of_its_function_terminates) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(TypeParam::run([] { thread_of<TypeParam>([] { throw std::runtime_error("mine"); }).join(); }), "mine");
}

CONFORMS(thread_list, copies_its_function_and_arguments_once) {
  expect_one_copy_alone([](auto&&... given) { thread_of<World>(std::forward<decltype(given)>(given)...).join(); });
}

}  // namespace
}  // namespace weft::testing
