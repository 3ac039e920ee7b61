// Room: tests. Foreign event loops, and what is written for Asio, over real sockets, as the documentation shows them.
#include <weft/asio.hpp>
#include <weft/weft.hpp>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

// A loop that keeps a stack in its thread has a worker of its own, and is a fiber all the same.
struct loop {
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  weft::join_handle<void> runs = weft::spawn([this] {
    weft::exclusive_thread mine;
    io.run();
  });

  void end() {
    work.reset();
    runs.join();
  }
};

// Blocking style on both sides, each over a loop of its own.
static void echo_once(loop& at, tcp::acceptor& acceptor) {
  tcp::socket conn(at.io);
  acceptor.async_accept(conn, weft::use_fiber);
  std::array<char, 5> said{};
  asio::async_read(conn, asio::buffer(said), weft::use_fiber);
  asio::async_write(conn, asio::buffer(said), weft::use_fiber);
}

static std::string say_hello(loop& at, const tcp::endpoint& to) {
  tcp::socket conn(at.io);
  conn.async_connect(to, weft::use_fiber);
  asio::async_write(conn, asio::buffer("hello", 5), weft::use_fiber);
  std::string heard(5, ' ');
  asio::async_read(conn, asio::buffer(heard), weft::use_fiber);
  boost::system::error_code ec;
  conn.async_read_some(asio::buffer(heard), weft::use_fiber[ec]);
  return heard + (ec == asio::error::eof ? ", and no more" : ", and " + ec.message());
}

static void many_loops() {
  loop servers, clients;
  tcp::acceptor acceptor(servers.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  auto server = weft::spawn([&] { echo_once(servers, acceptor); });
  std::cout << say_hello(clients, acceptor.local_endpoint()) << '\n';
  server.join();
  acceptor.close();
  servers.end();
  clients.end();
}

// Asio's work on weft's workers, without a loop at all.
static void none_shows() {
  weft::channel<int> done;
  asio::post(weft::executor(), [done] {
    weft::this_fiber::sleep_for(1ms);
    done.send(7);
  });
  asio::steady_timer timer(weft::executor(), 1ms);
  timer.async_wait(weft::use_fiber);
  std::cout << "posted: " << *done.recv() << '\n';
}

static void serve_page(weft::net::tcp_listener& listener) {
  auto conn = listener.accept();
  weft::asio_stream stream(conn);
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(stream, buffer, request);
  http::response<http::string_body> response(http::status::ok, 11, "you asked for " + std::string(request.target()));
  response.prepare_payload();
  http::write(stream, response);
}

static void beast_over_tcp() {
  auto listener = weft::net::listen("127.0.0.1:0");
  auto server = weft::spawn([&] { serve_page(listener); });
  auto conn = weft::net::dial(listener.local_address());
  weft::asio_stream stream(conn);
  http::write(stream, http::request<http::empty_body>(http::verb::get, "/page", 11));
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response);
  std::cout << response.body() << '\n';
  server.join();
}

int main() {
  weft::run(weft::options{.workers = 1}, [] {
    many_loops();
    none_shows();
    beast_over_tcp();
  });
}
