// Room: bench. The echo server as the explicit-async library of C++ has it: Boost.Asio with C++20 coroutines.
//
//   asio_echo [port [threads]]          default 8080, 1
#include "listening.hpp"

#include <utility>  // Boost 1.74 forgets it before awaitable.hpp

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

asio::awaitable<void> converse(tcp::socket conn) {
  char buf[4096];
  error_code ec;
  for (;;) {
    const std::size_t n =
        co_await conn.async_read_some(asio::buffer(buf), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
    co_await asio::async_write(conn, asio::buffer(buf, n), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
  }
}

asio::awaitable<void> accept_all(asio::io_context& loop, int listener) {
  tcp::acceptor acceptor(loop, tcp::v4(), listener);
  for (;;) {
    auto conn = co_await acceptor.async_accept(asio::use_awaitable);
    error_code ignored;
    conn.set_option(tcp::no_delay(true), ignored);
    auto executor = conn.get_executor();
    asio::co_spawn(executor, converse(std::move(conn)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::uint16_t port = argc > 1 ? peers::parse_port(argv[1]) : 8080;
  const unsigned threads = argc > 2 ? peers::parse_number(argv[2], 256, "number of threads") : 1;
  asio::io_context loop(static_cast<int>(threads));
  asio::co_spawn(loop, accept_all(loop, peers::listen_on(port, 0)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back([&loop] { loop.run(); });
  loop.run();
  for (auto& each : others) each.join();
} catch (const std::exception& error) {
  std::cerr << "asio_echo: " << error.what() << '\n';
  return 1;
}
