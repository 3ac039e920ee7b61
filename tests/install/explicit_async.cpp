// Room: tests. Code that was never written for fibers, explicit async, both ways, as the documentation shows it.
#include <weft/asio.hpp>
#include <weft/weft.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

static void blocking_and_pinned() {
  const auto p = std::filesystem::temp_directory_path() / ("weft_explicit_async." + std::to_string(getpid()));
  std::ofstream(p) << "12345";
  auto size = weft::blocking([&] { return std::filesystem::file_size(p); });   // may really block this thread;
                                                                               // the scheduler fills in for it
  weft::pin_guard pin;   // while alive this fiber stays on its worker thread (guards against migration, not
                         // against other fibers that run there in between)
  const auto before = std::this_thread::get_id();
  weft::this_fiber::sleep_for(1ms);
  std::cout << size << " bytes, " << (before == std::this_thread::get_id() ? "same" : "another") << " thread\n";
  std::filesystem::remove(p);
}

static asio::awaitable<int> answer(weft::channel<int> questions) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
  co_await timer.async_wait(asio::use_awaitable);
  auto handle = weft::spawn([questions] { return *questions.recv() * 2; });   // it runs in fibers
  co_return co_await weft::as_awaitable(handle);
}

static void asio_both_ways() {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::thread loop([&io] { io.run(); });
  asio::steady_timer timer(io, 1ms);
  timer.async_wait(weft::use_fiber);                       // parks the fiber
  boost::system::error_code ec;
  timer.async_wait(weft::use_fiber[ec]);

  weft::channel<int> questions(1);
  questions.send(21);
  int n = weft::await(answer(questions));
  std::cout << ec.message() << ", " << n << '\n';
  work.reset();
  loop.join();
}

static void beast_in_blocking_style() {
  auto [client, server] = weft::net::pipe();
  weft::go([server = std::move(server)]() mutable {
    weft::basic_asio_stream stream(server);
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::read(stream, buffer, request);
    http::response<http::string_body> response(http::status::ok, 11, "you asked for " + std::string(request.target()));
    response.prepare_payload();
    http::write(stream, response);
  });
  weft::basic_asio_stream stream(client);
  http::write(stream, http::request<http::empty_body>(http::verb::get, "/page", 11));
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response);
  std::cout << response.body() << '\n';
}

int main() {
  return weft::run([] {
    blocking_and_pinned();
    asio_both_ways();
    beast_in_blocking_style();
    return 0;
  });
}
