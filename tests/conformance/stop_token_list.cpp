// What [thread.stoptoken] says of stop_token, stop_source and stop_callback. The types are std's in every world; who
// runs them are the threads of each.

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

template <class World>
using thread_of = typename World::thread;

CONFORMANCE_LIST(stop_token_list, thread_of);

CONFORMS(stop_token_list, default_a_token_cannot_be_stopped_and_a_source_can) {
  const std::stop_token none;
  EXPECT_FALSE(none.stop_possible() || none.stop_requested());
  const std::stop_source some, no_state(std::nostopstate);
  EXPECT_TRUE(some.stop_possible());
  EXPECT_FALSE(some.stop_requested());
  EXPECT_FALSE(no_state.stop_possible() || no_state.stop_requested());
  EXPECT_FALSE(no_state.request_stop());
  EXPECT_EQ(no_state.get_token(), none);
}

CONFORMS(stop_token_list, of_many_who_request_one_did) {
  std::stop_source source;
  std::atomic<int> first{0};
  on_threads<World>(4, [&, source](int) mutable {
    if (source.request_stop()) ++first;
    EXPECT_TRUE(source.stop_requested());
  });
  EXPECT_EQ(first, 1);
  EXPECT_TRUE(source.get_token().stop_requested());
}

CONFORMS(stop_token_list, copies_share_their_state_and_the_last_source_takes_the_chance_along) {
  std::stop_token token;
  {
    std::stop_source a;
    token = a.get_token();
    std::stop_source b = a;
    EXPECT_EQ(a, b);
    const std::stop_source moved = std::move(a);
    EXPECT_FALSE(a.stop_possible());
    EXPECT_TRUE(token.stop_possible());
    EXPECT_NE(std::stop_source(), b);
  }
  EXPECT_FALSE(token.stop_possible());
  EXPECT_FALSE(token.stop_requested());
}

CONFORMS(stop_token_list, callbacks_run_on_the_one_who_requests) {
  std::stop_source source;
  typename thread_of<World>::id ran_on{}, requested_on{};
  const std::stop_callback callback(source.get_token(), [&] { ran_on = World::get_id(); });
  on_threads<World>(1, [&](int) {
    requested_on = World::get_id();
    EXPECT_TRUE(source.request_stop());
    EXPECT_EQ(ran_on, requested_on);
  });
}

CONFORMS(stop_token_list, a_callback_that_comes_late_runs_at_once) {
  std::stop_source source;
  source.request_stop();
  bool ran = false;
  const std::stop_callback callback(source.get_token(), [&] { ran = true; });
  EXPECT_TRUE(ran);
}

CONFORMS(stop_token_list, every_callback_runs_once) {
  std::stop_source source;
  std::vector<int> runs(3, 0);
  const auto count = [&](int i) { return [&runs, i] { ++runs[static_cast<std::size_t>(i)]; }; };
  const std::stop_callback a(source.get_token(), count(0)), b(source.get_token(), count(1));
  const std::stop_callback c(source.get_token(), count(2));
  source.request_stop();
  source.request_stop();
  EXPECT_EQ(runs, std::vector<int>(3, 1));
}

CONFORMS(stop_token_list, a_callback_that_was_destroyed_does_not_run) {
  std::stop_source source;
  int runs = 0;
  {
    const std::stop_callback gone(source.get_token(), [&] { ++runs; });
  }
  const std::stop_callback unstoppable(std::stop_token(), [&] { ++runs; });
  source.request_stop();
  EXPECT_EQ(runs, 0);
}

CONFORMS(stop_token_list, a_callback_may_destroy_itself_and_others) {
  std::stop_source source;
  using callback = std::stop_callback<std::function<void()>>;
  std::unique_ptr<callback> a, b;
  int runs = 0;
  const auto end_both = [&] {
    ++runs;
    a.reset();
    b.reset();
  };
  a = std::make_unique<callback>(source.get_token(), [&] { end_both(); });  // which goes with it
  b = std::make_unique<callback>(source.get_token(), [&] { end_both(); });
  source.request_stop();
  EXPECT_EQ(runs, 1);
}

// Destroyed by another than the one who requests, it waits for its end.
CONFORMS(stop_token_list, a_callback_that_runs_is_waited_for_by_who_destroys_it) {
  std::stop_source source;
  std::atomic<bool> begun{false}, ended{false};
  auto callback = std::make_unique<std::stop_callback<std::function<void()>>>(source.get_token(), [&] {
    begun = true;
    for (int i = 0; i < 10; ++i) std::this_thread::yield();  // it must not park: see std_shim's README
    ended = true;
  });
  thread_of<World> requests([&] { source.request_stop(); });
  wait_until([&] { return begun.load(); });
  callback.reset();
  EXPECT_TRUE(ended);
  requests.join();
}

CONFORMS(stop_token_list, what_came_before_the_request_is_seen_by_who_saw_it) {
  std::stop_source source;
  int written = 0;
  thread_of<World> waiter([&, token = source.get_token()] {
    wait_until([&] { return token.stop_requested(); });
    EXPECT_EQ(written, 1);
  });
  written = 1;
  source.request_stop();
  waiter.join();
}

}  // namespace
}  // namespace weft::testing
