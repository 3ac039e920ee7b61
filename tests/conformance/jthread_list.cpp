// What [thread.jthread.class] says of jthread beyond what a thread is.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/copies.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>
#include <conformance/thrown.hpp>

namespace weft::testing {
namespace {

template <class World>
using jthread_of = typename World::jthread;

CONFORMANCE_LIST(jthread_list, jthread_of);

template <class World>
auto until_stopped(std::atomic<bool>& stopped) {
  return [&stopped](std::stop_token stop) {
    wait_until([&] { return stop.stop_requested(); });
    stopped = true;
  };
}

CONFORMS(jthread_list, has_the_types_that_are_required) {
  using jthread = jthread_of<World>;
  static_assert(k_moves_alone<jthread> && std::is_nothrow_default_constructible_v<jthread>);
  static_assert(std::is_same_v<typename jthread::id, typename World::thread::id>);
  static_assert(!std::is_convertible_v<void (*)(), jthread>);
  static_assert(requires(jthread t, const jthread c) {
    { t.swap(t) }
    noexcept->std::same_as<void>;
    { swap(t, t) }
    noexcept->std::same_as<void>;
    { c.joinable() }
    noexcept->std::same_as<bool>;
    { c.get_id() }
    noexcept->std::same_as<typename jthread::id>;
    { t.get_stop_source() }
    noexcept->std::same_as<std::stop_source>;
    { c.get_stop_token() }
    noexcept->std::same_as<std::stop_token>;
    { t.request_stop() }
    noexcept->std::same_as<bool>;
    { jthread::hardware_concurrency() }
    noexcept->std::same_as<unsigned>;
  });
}

CONFORMS(jthread_list, default_it_is_none_and_cannot_be_stopped) {
  jthread_of<World> t;
  EXPECT_FALSE(t.joinable());
  EXPECT_EQ(t.get_id(), typename jthread_of<World>::id());
  EXPECT_FALSE(t.get_stop_source().stop_possible());
  EXPECT_FALSE(t.get_stop_token().stop_possible());
  EXPECT_FALSE(t.request_stop());
}

CONFORMS(jthread_list, destroyed_it_is_stopped_and_joined) {
  std::atomic<bool> stopped{false};
  { const jthread_of<World> t(until_stopped<World>(stopped)); }
  EXPECT_TRUE(stopped);
}

CONFORMS(jthread_list, assigned_over_it_is_stopped_and_joined) {
  std::atomic<bool> stopped{false};
  jthread_of<World> t(until_stopped<World>(stopped));
  t = jthread_of<World>();
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(t.joinable());
}

CONFORMS(jthread_list, while_an_exception_passes_it_is_stopped_and_joined) {
  std::atomic<bool> stopped{false};
  EXPECT_THROW(
      {
        const jthread_of<World> t(until_stopped<World>(stopped));
        throw std::runtime_error("passes");
      },
      std::runtime_error);
  EXPECT_TRUE(stopped);
}

CONFORMS(jthread_list, a_function_without_a_token_is_joined_all_the_same) {
  int written = 0;
  {
    const jthread_of<World> t(
        [&](int n) {
          for (int i = 0; i < 10; ++i) World::yield();
          written = n;
        },
        4);
  }
  EXPECT_EQ(written, 4);
}

CONFORMS(jthread_list, the_token_comes_before_the_arguments) {
  int there = 0;
  bool possible = false;
  jthread_of<World> t(
      [&](std::stop_token stop, std::unique_ptr<int> cargo, int& to) {
        possible = stop.stop_possible();
        to = *cargo;
      },
      std::make_unique<int>(5), std::ref(there));
  t.join();
  EXPECT_TRUE(possible);
  EXPECT_EQ(there, 5);
}

CONFORMS(jthread_list, the_token_that_it_runs_with_is_its_own) {
  std::stop_token inside;
  jthread_of<World> t([&](std::stop_token stop) { inside = std::move(stop); });
  t.join();
  EXPECT_EQ(inside, t.get_stop_token());
  EXPECT_EQ(inside, t.get_stop_source().get_token());
  EXPECT_TRUE(t.get_stop_token().stop_possible());
}

CONFORMS(jthread_list, a_stop_is_requested_once) {
  std::atomic<bool> stopped{false};
  jthread_of<World> t(until_stopped<World>(stopped));
  EXPECT_FALSE(t.get_stop_token().stop_requested());
  EXPECT_TRUE(t.request_stop());
  EXPECT_FALSE(t.request_stop());
  EXPECT_TRUE(t.get_stop_token().stop_requested());
  t.join();
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(t.joinable());
}

CONFORMS(jthread_list, is_stopped_by_its_source) {
  std::atomic<bool> stopped{false};
  jthread_of<World> t(until_stopped<World>(stopped));
  EXPECT_TRUE(t.get_stop_source().request_stop());
  t.join();
  EXPECT_TRUE(stopped);
}

CONFORMS(jthread_list, join_requests_no_stop) {
  bool requested = true;
  jthread_of<World> t([&](std::stop_token stop) { requested = stop.stop_requested(); });
  t.join();
  EXPECT_FALSE(requested);
  EXPECT_FALSE(t.get_stop_token().stop_requested());
}

CONFORMS(jthread_list, detached_it_goes_on_and_can_be_stopped) {
  std::atomic<bool> stopped{false};
  std::stop_source source;
  {
    jthread_of<World> t(until_stopped<World>(stopped));
    source = t.get_stop_source();
    t.detach();
    EXPECT_FALSE(t.joinable());
  }
  for (int i = 0; i < 10; ++i) World::yield();
  EXPECT_FALSE(stopped);
  source.request_stop();
  wait_until([&] { return stopped.load(); });
}

CONFORMS(jthread_list, moves_and_swaps_with_its_token) {
  std::atomic<bool> stopped{false};
  jthread_of<World> a(until_stopped<World>(stopped));
  const auto id = a.get_id();
  const auto token = a.get_stop_token();
  jthread_of<World> b(std::move(a));
  EXPECT_FALSE(a.joinable());
  EXPECT_FALSE(a.get_stop_token().stop_possible());
  EXPECT_EQ(b.get_id(), id);
  EXPECT_EQ(b.get_stop_token(), token);
  swap(a, b);
  a.swap(b);
  b.swap(a);
  EXPECT_EQ(a.get_stop_token(), token);
  EXPECT_FALSE(token.stop_requested());
  b = std::move(a);
  EXPECT_TRUE(b.request_stop());
  b.join();
}

CONFORMS(jthread_list, refuses_what_cannot_be) {
  jthread_of<World> none;
  EXPECT_EQ(code_thrown_by([&] { return none.join(), 0; }), std::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { return none.detach(), 0; }), std::errc::invalid_argument);
}

// [thread.thread.constr]: INVOKE(auto(std::forward<F>(f)), ...), of a thread and of a jthread: what is called is a
// temporary.
CONFORMS(jthread_list, calls_what_can_be_called_once) {
  struct once_only {
    int& calls;
    void operator()() && { ++calls; }
    void operator()(std::unique_ptr<int>&& cargo) && { calls += *cargo; }
  };
  int calls = 0;
  typename World::thread(once_only{calls}).join();
  jthread_of<World>(once_only{calls}).join();
  jthread_of<World>(once_only{calls}, std::make_unique<int>(2)).join();
  EXPECT_EQ(calls, 4);
}

template <class World>
class jthread_death_test : public ::testing::Test {};
using jthread_worlds = worlds_with<jthread_of>;
TYPED_TEST_SUITE(jthread_death_test, jthread_worlds, name_of_subject);

TYPED_TEST(jthread_death_test, an_exception_out_of_its_function_terminates) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(TypeParam::run([] { jthread_of<TypeParam>([] { throw std::runtime_error("mine"); }).join(); }), "mine");
}

CONFORMS(jthread_list, copies_its_function_and_arguments_once) {
  expect_one_copy_alone([](auto&&... given) { jthread_of<World>(std::forward<decltype(given)>(given)...).join(); });
}

}  // namespace
}  // namespace weft::testing
