// Room: bench. The server of examples/http.cpp in the explicit-async style of C++: Boost.Asio with C++20 coroutines,
// the same Beast parser with the same limits, the same deadline, the same bytes in every answer of `/`.
//
//   asio_http [port [threads]]          default 8080, 1
#include "listening.hpp"

#include <utility>  // Boost 1.74 forgets it before awaitable.hpp

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::uint32_t k_header_limit = 8 * 1024;
constexpr std::uint64_t k_body_limit = 64 * 1024;
constexpr auto k_idle_limit = 30s;
constexpr auto k_linger_limit = 1s;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

// [handler]
response text(http::status status, std::string body) {
  response res(status, 11);
  res.set(http::field::content_type, "text/plain");
  res.body() = std::move(body);
  return res;
}

response answer(const request& req) {
  const auto path = req.target().substr(0, req.target().find('?'));
  if (path != "/") return text(http::status::not_found, "no such page\n");
  if (req.method() != http::verb::get && req.method() != http::verb::head) {
    auto res = text(http::status::method_not_allowed, "only GET and HEAD\n");
    res.set(http::field::allow, "GET, HEAD");
    return res;
  }
  return text(http::status::ok, "hello from a fiber\n");
}

// What to say about a request that could not be read. Nothing, if the peer has left or was silent for too long.
std::optional<response> refusal(const beast::error_code& ec) {
  if (ec == http::error::end_of_stream) return std::nullopt;
  if (ec == http::error::header_limit) return text(http::status::request_header_fields_too_large, "header too large\n");
  if (ec == http::error::body_limit) return text(http::status::payload_too_large, "body too large\n");
  if (ec.category() != make_error_code(http::error::bad_method).category()) return std::nullopt;
  return text(http::status::bad_request, ec.message() + '\n');
}

// Closing with bytes of the peer unread would reset the connection, and the peer lose what it was told.
asio::awaitable<void> linger(beast::tcp_stream& stream) {
  char unread[512];
  beast::error_code ec;
  stream.socket().shutdown(tcp::socket::shutdown_send, ec);
  stream.expires_after(k_linger_limit);
  while (!ec) co_await stream.async_read_some(asio::buffer(unread), asio::redirect_error(asio::use_awaitable, ec));
}

asio::awaitable<void> converse(beast::tcp_stream stream) {
  beast::flat_buffer buffer;
  beast::error_code ec;
  while (!ec) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(k_header_limit);
    parser.body_limit(k_body_limit);
    stream.expires_after(k_idle_limit);
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, ec));
    auto res = ec ? refusal(ec) : answer(parser.get());
    if (!res) co_return;

    res->keep_alive(!ec && parser.keep_alive());
    res->prepare_payload();
    http::response_serializer<http::string_body> writer(*res);
    if (parser.get().method() == http::verb::head)
      co_await http::async_write_header(stream, writer, asio::redirect_error(asio::use_awaitable, ec));
    else
      co_await http::async_write(stream, writer, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec && !res->keep_alive()) co_return co_await linger(stream);
  }
}
// [/handler]

void report(std::exception_ptr error) try {
  if (error) std::rethrow_exception(error);
} catch (const std::exception& failure) {
  std::cerr << "asio_http: a connection failed: " << failure.what() << '\n';
}

// With more threads than one, each connection is a strand: its timer and its socket must not run at once.
asio::awaitable<void> accept_all(asio::io_context& loop, tcp::acceptor acceptor, bool strands) {
  for (;;) {
    const tcp::socket::executor_type home =
        strands ? tcp::socket::executor_type(asio::make_strand(loop)) : tcp::socket::executor_type(loop.get_executor());
    tcp::socket conn = co_await acceptor.async_accept(home, asio::use_awaitable);
    beast::error_code ignored;
    conn.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(home, converse(beast::tcp_stream(std::move(conn))), report);
  }
}

tcp::acceptor listen_on(asio::io_context& loop, std::uint16_t port) {
  tcp::acceptor acceptor(loop);
  acceptor.assign(tcp::v4(), peers::listen_on(port, 0));
  return acceptor;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::uint16_t port = argc > 1 ? peers::parse_port(argv[1]) : 8080;
  const unsigned threads = argc > 2 ? peers::parse_number(argv[2], 256, "number of threads") : 1;
  asio::io_context loop(static_cast<int>(threads));
  asio::signal_set stop(loop, SIGINT, SIGTERM);
  stop.async_wait([&loop](auto...) { loop.stop(); });
  asio::co_spawn(loop, accept_all(loop, listen_on(loop, port), threads > 1), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);  // out of run()
  });

  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back([&loop] { loop.run(); });
  loop.run();
  for (auto& each : others) each.join();
} catch (const std::exception& error) {
  std::cerr << "asio_http: " << error.what() << '\n';
  return 1;
}
