// Room: tests of async. weft::use_fiber: Asio's operations park the fiber.

#include <weft/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include <async/io_threads.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/sync/event.hpp>
#include <weft/weft.hpp>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using weft::testing::fibers;
using weft::testing::io_threads;
using weft::testing::join_all;
using weft::testing::wait_until;

// An operation of a stranger's, with any signature: `act` has the handler.
template <class Signature, class Token, class Act>
auto async_act(Act act, Token&& token) {
  return asio::async_initiate<Token, Signature>([](auto handler, Act how) { how(std::move(handler)); }, token,
                                                std::move(act));
}

// ... which completes on another thread, with these.
template <class Signature, class Token, class... Values>
auto async_elsewhere(asio::io_context& io, Token&& token, Values... values) {
  return async_act<Signature>(
      [&io, values...](auto handler) mutable {
        asio::post(io, [handler = std::move(handler), values...]() mutable { handler(std::move(values)...); });
      },
      std::forward<Token>(token));
}

const error_code k_refused = asio::error::connection_refused;

}  // namespace

FIBER_TEST(use_fiber, a_timer_parks_the_fiber_alone) {
  io_threads threads(1);
  std::atomic<int> over{0};
  fibers all;
  for (int i = 0; i < 50; ++i)
    all.push_back(weft::spawn([&] {
      asio::steady_timer timer(threads.io, 5ms);
      timer.async_wait(weft::use_fiber);
      ++over;
    }));
  join_all(all);
  EXPECT_EQ(over, 50);
}

FIBER_TEST(use_fiber, results_are_what_the_handler_gets_without_its_error) {
  io_threads threads(2);
  asio::io_context& io = threads.io;
  const error_code none;
  static_assert(std::is_void_v<decltype(async_elsewhere<void()>(io, weft::use_fiber))>);
  async_elsewhere<void()>(io, weft::use_fiber);
  async_elsewhere<void(error_code)>(io, weft::use_fiber, none);
  async_elsewhere<void(std::exception_ptr)>(io, weft::use_fiber, std::exception_ptr());
  EXPECT_EQ(async_elsewhere<void(int)>(io, weft::use_fiber, 1), 1);
  EXPECT_EQ(async_elsewhere<void(error_code, std::string)>(io, weft::use_fiber, none, std::string("two")), "two");
  EXPECT_EQ(async_elsewhere<void(std::exception_ptr, int)>(io, weft::use_fiber, std::exception_ptr(), 3), 3);
  const std::tuple<int, std::string> two =
      async_elsewhere<void(error_code, int, std::string)>(io, weft::use_fiber, none, 4, std::string("five"));
  EXPECT_EQ(two, std::make_tuple(4, "five"));
  EXPECT_EQ((async_elsewhere<void(int, int)>(io, weft::use_fiber, 6, 7)), std::make_tuple(6, 7));
  // What can only be moved, and a completion inside of the initiating function.
  const auto moved = async_act<void(error_code, std::unique_ptr<int>)>(
      [](auto handler) { handler(error_code(), std::make_unique<int>(8)); }, weft::use_fiber);
  EXPECT_EQ(*moved, 8);
}

FIBER_TEST(use_fiber, errors_are_thrown_or_left_in_a_code) {
  io_threads threads(1);
  asio::io_context& io = threads.io;
  try {
    (void)async_elsewhere<void(error_code, int)>(io, weft::use_fiber, k_refused, 1);
    ADD_FAILURE() << "no exception";
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), k_refused);
  }
  error_code left;
  EXPECT_EQ((async_elsewhere<void(error_code, int)>(io, weft::use_fiber[left], k_refused, 1)), 1);  // and its value
  EXPECT_EQ(left, k_refused);
  std::error_code standard;
  async_elsewhere<void(error_code)>(io, weft::use_fiber[standard], k_refused);
  EXPECT_EQ(standard, std::errc::connection_refused);
  async_elsewhere<void(error_code)>(io, weft::use_fiber[standard], error_code());
  EXPECT_FALSE(standard);
  const auto broken = std::make_exception_ptr(std::runtime_error("broken"));
  EXPECT_THROW(async_elsewhere<void(std::exception_ptr)>(io, weft::use_fiber, broken), std::runtime_error);
  EXPECT_THROW(async_elsewhere<void(std::exception_ptr)>(io, weft::use_fiber[left], broken), std::runtime_error);
  EXPECT_THROW(async_act<void()>([](auto) { throw std::runtime_error("not begun"); }, weft::use_fiber),
               std::runtime_error);
}

FIBER_TEST(use_fiber, a_handler_that_is_never_called_is_operation_aborted) {
  auto io = std::make_unique<asio::io_context>();
  std::atomic<bool> begun{false};
  weft::join_handle<error_code> waits = weft::spawn([&] {
    error_code ec;
    const auto act = [&](auto handler) {
      asio::post(*io, [handler = std::move(handler)]() mutable { handler(error_code()); });
      begun = true;
    };
    async_act<void(error_code)>(act, weft::use_fiber[ec]);
    return ec;
  });
  wait_until([&begun] { return begun.load(); });
  std::thread([&io] { io.reset(); }).join();
  EXPECT_EQ(waits.join(), asio::error::operation_aborted);
  // Without a place for an error, and without a value to give.
  EXPECT_THROW(async_act<void()>([](auto) {}, weft::use_fiber), boost::system::system_error);
  error_code ec;
  EXPECT_EQ(async_act<void(int)>([](auto) {}, weft::use_fiber[ec]), 0);
  EXPECT_EQ(ec, asio::error::operation_aborted);
  EXPECT_THROW(async_act<void(std::reference_wrapper<int>)>([](auto) {}, weft::use_fiber[ec]),
               boost::system::system_error);
}

// The memory is the fiber's frame: who gives it back after calling the handler is waited for.
FIBER_TEST(use_fiber, what_the_operation_allocates_is_on_the_fibers_stack_until_it_is_given_back) {
  std::atomic<bool> was_given_back{false};
  std::thread late;
  const auto act = [&](auto handler) {
    using allocator =
        typename std::allocator_traits<asio::associated_allocator_t<decltype(handler)>>::template rebind_alloc<int>;
    allocator from(asio::get_associated_allocator(handler));
    late = std::thread([&was_given_back, from, handler = std::move(handler)]() mutable {
      int* const kept = from.allocate(4);
      int* const beside = from.allocate(4);  // the heap's
      EXPECT_NE(kept, beside);
      handler(1);
      std::this_thread::yield();
      from.deallocate(beside, 4);
      was_given_back = true;
      from.deallocate(kept, 4);
    });
  };
  EXPECT_EQ(async_act<void(int)>(act, weft::use_fiber), 1);
  EXPECT_TRUE(was_given_back);
  late.join();
}

FIBER_TEST(use_fiber, is_the_default_of_objects_that_say_so) {
  io_threads threads(1);
  using socket = weft::use_fiber_t::as_default_on_t<tcp::socket>;
  tcp::acceptor listens(threads.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  weft::join_handle<std::string> server = weft::spawn([&] {
    auto peer = weft::use_fiber_t::as_default_on(listens.async_accept(weft::use_fiber));
    std::array<char, 5> word;
    asio::async_read(peer, asio::buffer(word));
    return std::string(word.data(), word.size());
  });
  socket client(threads.io);
  client.async_connect(listens.local_endpoint());
  EXPECT_EQ(client.async_write_some(asio::buffer("hello", 5)), 5u);
  EXPECT_EQ(server.join(), "hello");
}

FIBER_TEST(use_fiber, waiting_for_oneself_is_refused) {
  io_threads threads(1);
  const auto refused_on = [](auto& object) {
    std::optional<std::error_code> met;
    try {
      object.async_wait(weft::use_fiber);
    } catch (const std::system_error& e) {
      met = e.code();
    }
    return met;
  };
  asio::steady_timer timer(threads.io, 1h);
  weft::promise<std::optional<std::error_code>> on_thread;
  asio::post(threads.io, [&] { on_thread.set_value(refused_on(timer)); });
  EXPECT_EQ(on_thread.get_future().get(), std::errc::resource_deadlock_would_occur);

  const auto strand = asio::make_strand(threads.io);
  asio::basic_waitable_timer<std::chrono::steady_clock> in_strand(strand, 1h);
  weft::promise<std::optional<std::error_code>> on_strand;
  asio::post(strand, [&] { on_strand.set_value(refused_on(in_strand)); });
  EXPECT_EQ(on_strand.get_future().get(), std::errc::resource_deadlock_would_occur);
}

TEST(use_fiber, a_plain_thread_blocks) {
  io_threads threads(1);
  asio::steady_timer timer(threads.io, 1ms);
  timer.async_wait(weft::use_fiber);
  EXPECT_EQ(async_elsewhere<void(int)>(threads.io, weft::use_fiber, 1), 1);
}
