// Room: tests of async. Fibers and coroutines of Asio's, waiting for each other.

#include <weft/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <async/io_threads.hpp>
#include <async/is_parked.hpp>
#include <async/lazy_task.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/sync/event.hpp>
#include <weft/weft.hpp>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;
using weft::testing::expect_error;
using weft::testing::fibers;
using weft::testing::io_threads;
using weft::testing::join_all;
using weft::testing::lazy_task;

// Ends with its peer.
asio::awaitable<void> echo(tcp::socket peer) {
  std::array<char, 256> data;
  try {
    for (;;) {
      const std::size_t n = co_await peer.async_read_some(asio::buffer(data), asio::use_awaitable);
      co_await asio::async_write(peer, asio::buffer(data, n), asio::use_awaitable);
    }
  } catch (const boost::system::system_error&) {
  }
}

asio::awaitable<void> echo_server(tcp::acceptor& listens, int peers) {
  const auto here = co_await asio::this_coro::executor;
  for (int i = 0; i < peers; ++i)
    asio::co_spawn(here, echo(co_await listens.async_accept(asio::use_awaitable)), asio::detached);
}

asio::awaitable<int> sum_of_all(weft::channel<int> numbers) {
  int sum = 0;
  while (const std::optional<int> each = co_await weft::as_awaitable(numbers)) sum += *each;
  co_return sum;
}

asio::awaitable<std::string> waits_for_all_kinds(weft::join_handle<std::string>& fiber, weft::future<int> number,
                                                 weft::join_handle<void> last) {
  std::string said = co_await weft::as_awaitable(fiber);
  said += std::to_string(co_await weft::as_awaitable(number));
  co_await weft::as_awaitable(last);
  co_return said;
}

asio::awaitable<int> fails_after(std::chrono::milliseconds pause) {
  asio::steady_timer timer(co_await asio::this_coro::executor, pause);
  co_await timer.async_wait(asio::use_awaitable);
  throw std::runtime_error("broken");
}

}  // namespace

FIBER_TEST(asio_coroutine, fibers_and_coroutines_talk_over_one_io_context) {
  constexpr int k_peers = 8;
  io_threads threads(2);
  tcp::acceptor listens(threads.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  weft::event served;
  asio::co_spawn(threads.io, echo_server(listens, k_peers), [&served](std::exception_ptr) { served.set(); });
  fibers all;
  for (int i = 0; i < k_peers; ++i)
    all.push_back(weft::spawn([&, i] {
      tcp::socket peer(threads.io);
      peer.async_connect(listens.local_endpoint(), weft::use_fiber);
      for (int turn = 0; turn < 5; ++turn) {
        const std::string sent = "peer " + std::to_string(i) + ", turn " + std::to_string(turn);
        std::string got(sent.size(), ' ');
        asio::async_write(peer, asio::buffer(sent), weft::use_fiber);
        asio::async_read(peer, asio::buffer(got), weft::use_fiber);
        EXPECT_EQ(got, sent);
      }
    }));
  join_all(all);
  served.wait();
}

FIBER_TEST(asio_coroutine, a_fiber_awaits_one_on_its_own_workers) {
  weft::channel<int> numbers;
  weft::go([numbers] {
    for (int i = 1; i <= 5; ++i) numbers.send(i);
    numbers.close();
  });
  EXPECT_EQ(weft::await(sum_of_all(numbers)), 15);
  EXPECT_THROW((void)weft::await(fails_after(1ms)), std::runtime_error);
  // In there it is on a fiber, and may park.
  const auto parks = []() -> asio::awaitable<int> {
    weft::this_fiber::sleep_for(1ms);
    co_return weft::spawn([] { return 7; }).join();
  };
  EXPECT_EQ(weft::await(parks()), 7);
}

FIBER_TEST(asio_coroutine, a_fiber_awaits_one_on_an_io_context) {
  io_threads threads(1);
  const auto where = []() -> asio::awaitable<bool> { co_return weft::this_fiber::get_id() == weft::fiber_id(); };
  EXPECT_TRUE(weft::await(threads.io, where()));
  EXPECT_TRUE(weft::await(threads.io.get_executor(), where()));
  EXPECT_THROW((void)weft::await(threads.io, fails_after(1ms)), std::runtime_error);
}

FIBER_TEST(asio_coroutine, a_coroutine_on_a_thread_waits_for_fibers) {
  io_threads threads(2);
  weft::join_handle<std::string> fiber = weft::spawn([] { return std::string("fiber "); });
  weft::promise<int> promised;
  weft::future<int> number = promised.get_future();
  weft::join_handle<void> last = weft::spawn([&promised] { promised.set_value(3); });
  EXPECT_EQ(asio::co_spawn(threads.io, waits_for_all_kinds(fiber, std::move(number), std::move(last)), weft::use_fiber),
            "fiber 3");
  // What a fiber throws comes out of the coroutine, and what the coroutine throws out of use_fiber.
  const auto meets = []() -> asio::awaitable<int> {
    auto broken = weft::spawn([]() -> int { throw std::runtime_error("broken"); });
    co_return co_await weft::as_awaitable(broken);
  };
  const auto in_fiber = [&meets](weft::join_handle<int> broken) -> asio::awaitable<int> {
    co_return co_await weft::as_awaitable(std::move(broken));
  };
  EXPECT_THROW((void)weft::await(meets()), std::runtime_error);
  auto broken = weft::spawn([]() -> int { throw std::runtime_error("broken"); });
  EXPECT_THROW((void)asio::co_spawn(threads.io, in_fiber(std::move(broken)), weft::use_fiber), std::runtime_error);
}

FIBER_TEST(asio_coroutine, what_is_awaited_there_is_awaited_in_other_coroutines_and_by_tokens_as_well) {
  weft::channel<int> numbers(2);
  numbers.send(1);
  const auto lazy = [](weft::channel<int> from) -> lazy_task<int> { co_return *co_await weft::as_awaitable(from); };
  EXPECT_EQ(weft::await(lazy(numbers)), 1);
  weft::promise<std::optional<int>> came;
  weft::as_awaitable(numbers, [&came](std::exception_ptr, std::optional<int> value) { came.set_value(value); });
  numbers.send(2);
  EXPECT_EQ(came.get_future().get(), 2);
  EXPECT_EQ(weft::as_awaitable(weft::spawn([] { return 3; }), weft::use_fiber), 3);
  std::atomic<bool> called{false};
  weft::as_awaitable(weft::spawn([] {}), [&called](std::exception_ptr) { called = true; });
  weft::testing::wait_until([&called] { return called.load(); });
}

TEST(asio_coroutine, the_end_of_the_runtime_is_told_to_a_coroutine_that_waits_for_a_channel) {
  io_threads threads(1);
  weft::channel<int> numbers;
  std::optional<std::error_code> met;
  const auto waits = [&](weft::channel<int> from) -> asio::awaitable<void> {
    try {
      (void)co_await weft::as_awaitable(from);
    } catch (const std::system_error& e) {
      met = e.code();
    }
  };
  weft::run({.workers = 2}, [&] {
    asio::co_spawn(weft::executor(), waits(numbers), asio::detached);
    weft::testing::wait_until([] { return weft::testing::is_parked("as_awaitable"); });
  });
  // Its executor may have ended first: then it is destroyed.
  if (met) {
    EXPECT_EQ(*met, std::errc::operation_canceled);
  }
}

#if BOOST_VERSION >= 107700

// The race detector sees what this is about; a step is counted as it is over.
FIBER_TEST(asio_coroutine, a_request_to_end_races_one_operation_after_the_other) {
  const auto busy = [](std::atomic<int>& steps) -> asio::awaitable<void> {
    weft::channel<int> full(1);
    for (;; ++steps) {
      full.send(1);
      (void)co_await weft::as_awaitable(full);
      asio::steady_timer timer(co_await asio::this_coro::executor, 0ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
  };
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> steps{0};
    auto waits = weft::spawn([&] { weft::await(busy(steps)); });
    weft::testing::wait_until([&] { return steps > i % 3; });
    waits.request_stop();
    expect_error(std::errc::operation_canceled, [&] { waits.join(); });
  }
}

FIBER_TEST(asio_coroutine, a_time_limit_reaches_what_the_coroutine_waits_for) {
  io_threads threads(1);
  EXPECT_THROW((void)weft::with_timeout(2ms, [&] { return weft::await(threads.io, fails_after(1h)); }),
               weft::timed_out);
  EXPECT_THROW((void)weft::with_timeout(2ms, [] { return weft::await(fails_after(1h)); }), weft::timed_out);
  weft::channel<int> numbers;
  EXPECT_THROW((void)weft::with_timeout(2ms, [&] { return weft::await(threads.io, sum_of_all(numbers)); }),
               weft::timed_out);
  EXPECT_EQ(numbers.send_for(1, 0s), weft::channel_status::timeout);  // nobody waits there any more
}

#endif
