// What asio.hpp promises: a tcp_stream, or a pipe, under Asio's synchronous algorithms and under Boost.Beast.

#include <weft/asio.hpp>

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/completion_condition.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http.hpp>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

static_assert(boost::beast::is_sync_stream<weft::asio_stream>::value);
static_assert(boost::beast::is_sync_stream<weft::basic_asio_stream<weft::net::pipe_stream>>::value);

// Two ends of one connection.
struct connection {
  connection() {
    auto listener = weft::net::listen("127.0.0.1:0");
    auto dialed = weft::spawn([address = listener.local_address()] { return weft::net::dial(address); });
    server = listener.accept();
    client = dialed.join();
  }
  weft::net::tcp_stream server, client;
};

FIBER_TEST(asio_stream, reads_into_several_buffers_and_writes_from_several) {
  connection c;
  weft::asio_stream in(c.server), out(c.client);
  const std::string head = "head", body = "and body";
  const std::array<asio::const_buffer, 3> from{asio::buffer(head), asio::const_buffer(), asio::buffer(body)};
  EXPECT_EQ(asio::write(out, from), 12u);
  std::string first(3, ' '), second(9, ' ');
  const std::array<asio::mutable_buffer, 3> to{asio::mutable_buffer(), asio::buffer(first), asio::buffer(second)};
  EXPECT_EQ(asio::read(in, to), 12u);
  EXPECT_EQ(first + second, head + body);
}

FIBER_TEST(asio_stream, more_buffers_than_one_call_takes_all_arrive) {
  connection c;
  weft::asio_stream in(c.server), out(c.client);
  std::string text;
  for (int i = 0; i < 40; ++i) text += static_cast<char>('0' + i);
  std::array<asio::const_buffer, 40> from;
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = asio::buffer(&text[i], 1);
  EXPECT_EQ(asio::write(out, from), text.size());
  std::string heard(text.size(), ' ');
  EXPECT_EQ(asio::read(in, asio::buffer(heard)), text.size());
  EXPECT_EQ(heard, text);
}

FIBER_TEST(asio_stream, says_eof_at_the_end_and_nothing_for_an_empty_buffer) {
  connection c;
  weft::asio_stream in(c.server);
  char byte;
  boost::system::error_code ec = asio::error::fault;
  EXPECT_EQ(in.read_some(asio::mutable_buffer(), ec), 0u);
  EXPECT_FALSE(ec);
  c.client.close();
  EXPECT_EQ(in.read_some(asio::buffer(&byte, 1), ec), 0u);
  EXPECT_EQ(ec, asio::error::eof);
  try {
    in.read_some(asio::buffer(&byte, 1));
    FAIL() << "no exception";
  } catch (const boost::system::system_error& ended) {
    EXPECT_EQ(ended.code(), asio::error::eof);
  }
}

FIBER_TEST(asio_stream, translates_what_the_system_says) {
  connection c;
  weft::asio_stream stream(c.server);
  char byte = 0;
  boost::system::error_code ec;
  c.server.set_deadline(std::chrono::steady_clock::now());
  EXPECT_EQ(stream.read_some(asio::buffer(&byte, 1), ec), 0u);
  EXPECT_EQ(ec, boost::system::errc::timed_out);
  EXPECT_EQ(ec.category(), boost::system::system_category());
  c.server.close();
  EXPECT_EQ(stream.write_some(asio::buffer(&byte, 1), ec), 0u);
  EXPECT_EQ(ec, boost::system::errc::bad_file_descriptor);
  EXPECT_THROW(stream.write_some(asio::buffer(&byte, 1)), boost::system::system_error);
}

// Beast on both ends: requests with bodies over a connection that is kept alive.
FIBER_TEST(asio_stream, carries_http_of_beast_both_ways) {
  connection c;
  auto serving = weft::spawn([&] {
    weft::asio_stream stream(c.server);
    boost::beast::flat_buffer buffer;
    for (;;) {
      http::request<http::string_body> request;
      boost::system::error_code ec;
      http::read(stream, buffer, request, ec);
      if (ec == http::error::end_of_stream) return;
      ASSERT_FALSE(ec) << ec.message();
      http::response<http::string_body> response(http::status::ok, request.version());
      response.body() = std::string(request.target()) + ":" + request.body();
      response.prepare_payload();
      http::write(stream, response);
    }
  });
  weft::asio_stream stream(c.client);
  boost::beast::flat_buffer buffer;
  for (int i = 0; i < 20; ++i) {
    http::request<http::string_body> request(http::verb::post, "/" + std::to_string(i), 11);
    request.body() = std::string(static_cast<std::size_t>(i) * 1000, 'b');
    request.prepare_payload();
    http::write(stream, request);
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_EQ(response.body(), "/" + std::to_string(i) + ":" + request.body());
  }
  c.client.shutdown_write();
  serving.join();
}

FIBER_TEST(asio_stream, takes_an_end_of_a_pipe_too) {
  auto [a, b] = weft::net::pipe({.buffer_size = 16});
  auto asking = weft::spawn([&a = a] {
    weft::basic_asio_stream stream(a);
    http::request<http::string_body> request(http::verb::post, "/pipe", 11);
    request.body() = std::string(1000, 'b');
    request.prepare_payload();
    http::write(stream, request);
    a.shutdown_write();
  });
  weft::basic_asio_stream stream(b);
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(stream, buffer, request);
  EXPECT_EQ(request.target(), "/pipe");
  EXPECT_EQ(request.body(), std::string(1000, 'b'));
  boost::system::error_code ec;
  http::read(stream, buffer, request, ec);
  EXPECT_EQ(ec, http::error::end_of_stream);
  asking.join();
}

}  // namespace
