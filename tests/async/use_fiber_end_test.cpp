// Room: tests of async. A fiber that is asked to end while it waits for an operation of Asio's.

#include <weft/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <async/io_threads.hpp>
#include <async/is_parked.hpp>
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
using boost::system::error_code;
using tcp = asio::ip::tcp;
using weft::testing::expect_error;
using weft::testing::fibers;
using weft::testing::io_threads;

// Before 1.77 an operation cannot be asked, and is waited for: so let it end by itself.
constexpr bool k_can_be_asked = BOOST_VERSION >= 107700;
constexpr auto k_end = k_can_be_asked ? std::chrono::milliseconds(1h) : 30ms;

}  // namespace

FIBER_TEST(use_fiber_end, the_request_ends_the_operation_from_another_worker) {
  io_threads threads(2);
  fibers all;
  std::atomic<int> begun{0};
  std::atomic<int> went_on{0};
  for (int i = 0; i < 16; ++i)
    all.push_back(weft::spawn([&] {
      asio::steady_timer timer(asio::make_strand(threads.io), k_end);
      ++begun;
      timer.async_wait(weft::use_fiber);
      weft::event().wait();  // for one that has ended by itself meanwhile
      ++went_on;
    }));
  weft::testing::wait_until([&] { return begun == 16; });
  for (auto& each : all) each.request_stop();
  for (auto& each : all) expect_error(std::errc::operation_canceled, [&each] { each.join(); });
  EXPECT_EQ(went_on, 0);
}

FIBER_TEST(use_fiber_end, a_composed_operation_hears_it_and_the_buffer_is_free_when_the_fiber_goes) {
  io_threads threads(2);
  tcp::acceptor listens(threads.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket client(asio::make_strand(threads.io));
  client.async_connect(listens.local_endpoint(), weft::use_fiber);
  tcp::socket server = listens.async_accept(weft::use_fiber);
  weft::join_handle<void> reads = weft::spawn({.name = "reads"}, [&] {
    std::array<char, 64> data;
    error_code ec;
    (void)asio::async_read(client, asio::buffer(data), weft::use_fiber[ec]);
    ADD_FAILURE() << "went on with " << ec;
  });
  weft::testing::wait_until([] { return weft::testing::is_parked("reads"); });
  (void)server.write_some(asio::buffer("half", 4));
  weft::testing::wait_until([&client] { return client.available() == 0; });  // it was read
  reads.request_stop();
  if (!k_can_be_asked) server.close();
  expect_error(std::errc::operation_canceled, [&reads] { reads.join(); });
}

FIBER_TEST(use_fiber_end, a_time_limit_ends_the_operation) {
  io_threads threads(1);
  asio::steady_timer timer(threads.io, k_end);
  if (k_can_be_asked) {
    EXPECT_THROW(weft::with_timeout(2ms, [&timer] { timer.async_wait(weft::use_fiber); }), weft::timed_out);
    timer.expires_after(1ms);
  }
  weft::with_timeout(1h, [&timer] { timer.async_wait(weft::use_fiber); });
}

FIBER_TEST(use_fiber_end, what_has_succeeded_is_told_all_the_same) {
  io_threads threads(1);
  std::optional<int> came;
  weft::event begun;
  weft::event go_on;
  const auto act = [&](auto handler) {
    asio::post(threads.io, [&, handler = std::move(handler)]() mutable {
      go_on.wait();
      handler(error_code(), 7);
    });
    begun.set();
  };
  weft::join_handle<void> waits = weft::spawn([&] {
    came = asio::async_initiate<weft::use_fiber_t const&, void(error_code, int)>(
        [&](auto handler) { act(std::move(handler)); }, weft::use_fiber);
    weft::this_fiber::yield();
    ADD_FAILURE() << "went on";
  });
  begun.wait();
  waits.request_stop();
  weft::this_fiber::yield();
  go_on.set();
  expect_error(std::errc::operation_canceled, [&waits] { waits.join(); });
  EXPECT_EQ(came, 7);
}

FIBER_TEST(use_fiber_end, one_that_is_asked_before_it_begins_begins_nothing) {
  weft::event asked;
  std::atomic<bool> begun{false};
  weft::join_handle<void> late = weft::spawn([&] {
    weft::shield([&asked] { asked.wait(); });
    asio::async_initiate<weft::use_fiber_t const&, void()>([&](auto handler) { begun = true, handler(); },
                                                           weft::use_fiber);
  });
  late.request_stop();
  asked.set();
  expect_error(std::errc::operation_canceled, [&late] { late.join(); });
  EXPECT_FALSE(begun);
}

// The handler goes at last on the thread of the io_context, which ends after the runtime.
TEST(use_fiber_end, the_end_of_the_runtime_ends_the_wait) {
  io_threads threads(1);
  for (const std::size_t workers : {1u, 2u}) {
    std::atomic<int> begun{0}, unwound{0};
    weft::run({.workers = workers}, [&] {
      for (int i = 0; i < 8; ++i)
        weft::go([&] {
          ++begun;
          struct counts {
            std::atomic<int>& of;
            ~counts() { ++of; }
          } const counted{unwound};
          asio::steady_timer timer(threads.io, k_end);
          timer.async_wait(weft::use_fiber);
          weft::event().wait();  // for one that has ended by itself meanwhile
        });
      weft::testing::wait_until([&] { return begun == 8; });
    });
    EXPECT_EQ(unwound, 8);
  }
}

FIBER_TEST(use_fiber_end, asking_races_the_completion) {
  io_threads threads(1);
  for (int i = 0; i < 30; ++i) {
    std::atomic<bool> begun{false};
    weft::join_handle<void> waits = weft::spawn([&] {
      asio::steady_timer timer(threads.io, std::chrono::microseconds(50 * (i % 4)));
      begun = true;
      error_code ec;
      timer.async_wait(weft::use_fiber[ec]);
      EXPECT_FALSE(ec);
    });
    weft::testing::wait_until([&begun] { return begun.load(); });
    if (i % 3 != 0) weft::this_fiber::sleep_for(std::chrono::microseconds(30 * (i % 5)));
    waits.request_stop();
    try {
      waits.join();
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), std::errc::operation_canceled);
    }
  }
}
