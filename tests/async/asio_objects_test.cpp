// Room: tests of async. weft::use_fiber with what Asio has: each of its I/O objects, in each shape of their operations,
// and inside of its own adapters of tokens.

#include <weft/asio.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <tuple>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 107900
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#endif
#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <async/io_threads.hpp>
#include <async/is_parked.hpp>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/weft.hpp>

#include <unistd.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using weft::use_fiber;
using weft::testing::io_threads;
using weft::testing::is_parked;
using weft::testing::wait_until;

const tcp::endpoint k_any_port(asio::ip::address_v4::loopback(), 0);

// As whoever has a name and a service.
tcp::socket connected(asio::io_context& io, const tcp::acceptor& to) {
  tcp::resolver resolver(io);
  const auto found = resolver.async_resolve("127.0.0.1", std::to_string(to.local_endpoint().port()),
                                            tcp::resolver::numeric_host | tcp::resolver::numeric_service, use_fiber);
  tcp::socket conn(io);
  EXPECT_EQ(asio::async_connect(conn, found, use_fiber), to.local_endpoint());
  return conn;
}

void expect_to_reach(tcp::socket& from, tcp::socket& to) {
  EXPECT_EQ(asio::async_write(from, asio::buffer("line\nrest", 9), use_fiber), 9U);
  to.async_wait(tcp::socket::wait_read, use_fiber);
  std::string heard;
  EXPECT_EQ(asio::async_read_until(to, asio::dynamic_buffer(heard), '\n', use_fiber), 5U);
  EXPECT_EQ(heard.substr(0, 5), "line\n");
}

}  // namespace

FIBER_TEST(asio_objects, a_connection_is_accepted_in_every_shape) {
  io_threads threads(1);
  tcp::acceptor acceptor(threads.io, k_any_port);
  tcp::endpoint from;
  const auto expect = [&](auto accept) {
    tcp::socket mine = connected(threads.io, acceptor);
    tcp::socket theirs = accept();
    expect_to_reach(mine, theirs);
  };
  expect([&] { return acceptor.async_accept(use_fiber); });
  expect([&] { return acceptor.async_accept(threads.io, use_fiber); });
  expect([&] { return acceptor.async_accept(from, use_fiber); });
  EXPECT_TRUE(from.address().is_loopback());
  expect([&] {
    tcp::socket peer(threads.io);
    acceptor.async_accept(peer, use_fiber);
    return peer;
  });
  expect([&] {
    error_code ec;
    tcp::socket peer(threads.io);
    acceptor.async_accept(peer, from, use_fiber[ec]);
    EXPECT_FALSE(ec);
    return peer;
  });
}

FIBER_TEST(asio_objects, datagrams_signals_and_descriptors) {
  io_threads threads(1);
  using asio::ip::udp;
  udp::socket mine(threads.io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
  udp::socket theirs(threads.io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::array<char, 8> data{};
  udp::endpoint from;
  EXPECT_EQ(mine.async_send_to(asio::buffer("udp", 3), theirs.local_endpoint(), use_fiber), 3U);
  EXPECT_EQ(theirs.async_receive_from(asio::buffer(data), from, use_fiber), 3U);
  EXPECT_EQ(from, mine.local_endpoint());

  asio::local::stream_protocol::socket one(threads.io), other(threads.io);
  asio::local::connect_pair(one, other);
  EXPECT_EQ(asio::async_write(one, asio::buffer("unix", 4), use_fiber), 4U);
  EXPECT_EQ(other.async_read_some(asio::buffer(data), use_fiber), 4U);

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  asio::posix::stream_descriptor in(threads.io, ends[0]), out(threads.io, ends[1]);
  EXPECT_EQ(out.async_write_some(asio::buffer("pipe!", 5), use_fiber), 5U);
  EXPECT_EQ(in.async_read_some(asio::buffer(data), use_fiber), 5U);

  asio::signal_set signals(threads.io, SIGUSR2);
  kill(getpid(), SIGUSR2);
  EXPECT_EQ(signals.async_wait(use_fiber), SIGUSR2);
}

FIBER_TEST(asio_objects, stands_inside_of_other_tokens) {
  io_threads threads(2);
  asio::steady_timer timer(threads.io, 1ms);
  error_code ec;
  timer.async_wait(asio::redirect_error(use_fiber, ec));
  EXPECT_FALSE(ec);
#if BOOST_VERSION >= 107900
  timer.async_wait(asio::bind_executor(asio::make_strand(threads.io), use_fiber));  // older ones take handlers alone
  EXPECT_EQ(timer.async_wait(asio::as_tuple(use_fiber)), std::make_tuple(error_code()));
  // Whose slot is asked then, and not the fiber's.
  asio::cancellation_signal stop;
  timer.expires_after(1h);
  auto waiter = weft::spawn({.name = "in_a_slot"},
                            [&] { timer.async_wait(asio::bind_cancellation_slot(stop.slot(), use_fiber[ec])); });
  wait_until([] { return is_parked("in_a_slot"); });
  asio::post(threads.io, [&] { stop.emit(asio::cancellation_type::terminal); });
  waiter.join();
  EXPECT_EQ(ec, asio::error::operation_aborted);
#endif
#if BOOST_VERSION >= 108600
  timer.expires_after(1h);
  timer.async_wait(asio::cancel_after(1ms, use_fiber[ec]));
  EXPECT_EQ(ec, asio::error::operation_aborted);
#endif
}

#if BOOST_VERSION >= 107900
FIBER_TEST(asio_objects, channels_of_asio_join_fibers_to_handlers) {
  io_threads threads(1);
  asio::experimental::concurrent_channel<void(error_code, int)> numbers(threads.io, 1);
  auto sender = weft::spawn([&] {
    for (int i = 1; i <= 10; ++i) numbers.async_send(error_code(), i, use_fiber);
  });
  int sum = 0;
  for (int i = 1; i <= 10; ++i) sum += numbers.async_receive(use_fiber);
  sender.join();
  EXPECT_EQ(sum, 55);
  numbers.close();  // not before: with Boost 1.81 a value that is still in it may be lost
  error_code ec;
  static_cast<void>(numbers.async_receive(use_fiber[ec]));
  EXPECT_EQ(ec, asio::experimental::error::channel_closed);
}
#endif
