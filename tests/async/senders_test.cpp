// Room: tests of async. Senders: weft::scheduler, sync_wait, as_sender; with stdexec.

#include <weft/senders.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/sync/event.hpp>
#include <weft/weft.hpp>

namespace {

namespace ex = weft::detail::senders;
using namespace std::chrono_literals;

static_assert(ex::scheduler<weft::scheduler>);
static_assert(ex::sender<decltype(weft::as_sender(std::declval<weft::channel<int>>()))>);

}  // namespace

FIBER_TEST(senders, what_is_scheduled_is_a_fiber_that_may_park) {
  const weft::scheduler workers;
  weft::channel<int> numbers;
  weft::go([numbers] { numbers.send(4); });
  auto work = ex::schedule(workers) | ex::then([numbers] { return *numbers.recv(); });
  auto [n] = weft::sync_wait(std::move(work)).value();
  EXPECT_EQ(n, 4);
  EXPECT_EQ(workers, weft::scheduler());
  const auto mine = weft::this_fiber::get_id();
  auto elsewhere = ex::starts_on(workers, ex::just() | ex::then([] { return weft::this_fiber::get_id(); }));
  EXPECT_NE(std::get<0>(*weft::sync_wait(std::move(elsewhere))), mine);
}

FIBER_TEST(senders, values_errors_and_stops_are_told) {
  EXPECT_EQ(weft::sync_wait(ex::just(1, std::string("two"))), std::make_tuple(1, std::string("two")));
  EXPECT_TRUE(weft::sync_wait(ex::just()));
  EXPECT_THROW((void)weft::sync_wait(ex::just() | ex::then([]() -> int { throw std::runtime_error("broken"); })),
               std::runtime_error);
  EXPECT_FALSE(weft::sync_wait(ex::when_all(ex::just(1), ex::just_stopped())));
  weft::testing::expect_error(std::errc::timed_out, [] {
    (void)weft::sync_wait(ex::when_all(ex::just(1), ex::just_error(std::make_error_code(std::errc::timed_out))));
  });
}

FIBER_TEST(senders, handles_are_senders) {
  weft::channel<int> numbers;
  weft::promise<std::string> promised;
  weft::join_handle<int> fiber = weft::spawn([] { return 1; });
  auto all = ex::when_all(weft::as_sender(fiber), weft::as_sender(numbers), weft::as_sender(promised.get_future()),
                          weft::as_sender(weft::spawn([] {})));
  weft::go([numbers] { numbers.send(2); });
  promised.set_value("three");
  EXPECT_EQ(weft::sync_wait(std::move(all)), std::make_tuple(1, std::optional<int>(2), std::string("three")));
  EXPECT_THROW((void)weft::sync_wait(weft::as_sender(weft::spawn([]() -> int { throw std::runtime_error("broken"); }))),
               std::runtime_error);
  int there = 0;
  weft::promise<int&> by_name;
  by_name.set_value(there);
  auto same = weft::as_sender(by_name.get_future()) | ex::then([](int& got) { return &got; });
  EXPECT_EQ(std::get<0>(*weft::sync_wait(std::move(same))), &there);
}

// One of several ends the others by their stop token.
FIBER_TEST(senders, a_stop_token_ends_the_wait_of_a_handle) {
  weft::channel<int> never;
  auto first = ex::when_all(weft::as_sender(never), weft::as_sender(weft::spawn([]() -> int { throw 7; })));
  EXPECT_THROW((void)weft::sync_wait(std::move(first)), int);
  EXPECT_EQ(never.send_for(1, 0s), weft::channel_status::timeout);
}

FIBER_TEST(senders, a_fiber_that_is_asked_to_end_stops_what_it_waits_for) {
  weft::channel<int> never;
  EXPECT_THROW((void)weft::with_timeout(2ms, [&] { return weft::sync_wait(weft::as_sender(never)); }), weft::timed_out);
  std::atomic<bool> begun{false};
  weft::join_handle<void> waits = weft::spawn([&] {
    begun = true;
    (void)weft::sync_wait(weft::as_sender(never));
    ADD_FAILURE() << "went on";
  });
  weft::testing::wait_until([&begun] { return begun.load(); });
  waits.request_stop();
  weft::testing::expect_error(std::errc::operation_canceled, [&waits] { waits.join(); });
}

TEST(senders, a_plain_thread_waits_and_a_scheduler_outlives_its_runtime) {
  weft::runtime rt({.workers = 2});
  const weft::scheduler workers(rt);
  const auto on_fiber = [] { return weft::this_fiber::get_id() != weft::fiber_id(); };
  EXPECT_EQ(weft::sync_wait(ex::schedule(workers) | ex::then(on_fiber)), std::make_tuple(true));
  weft::promise<int> promised;
  std::thread other([&promised] { promised.set_value(3); });
  EXPECT_EQ(weft::sync_wait(weft::as_sender(promised.get_future())), std::make_tuple(3));
  other.join();
  rt.stop();
  EXPECT_FALSE(weft::sync_wait(ex::schedule(workers) | ex::then(on_fiber)));
  weft::testing::wait_until_nothing_lives();
}
