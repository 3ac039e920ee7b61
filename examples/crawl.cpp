// Fetches many pages at once, but never more than a limit, from a server that it starts itself in the same runtime.
//
//   crawl [pages [limit]]          default 200 pages, 16 at once. Ctrl-C ends it with what there is.
//
// A buffered channel is the limit: a fetch begins when its token fits in. A wait_group knows when all have ended.
#include <weft/asio.hpp>
#include <weft/weft.hpp>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace {

namespace http = boost::beast::http;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto k_think_time = 5ms;   // of the server, for each page
constexpr auto k_fetch_limit = 10s;  // for one page, whole

struct page {
  std::string url;
  std::size_t bytes = 0;
  std::string error;  // empty: it was fetched
};

// What the fibers share. It outlives the runtime, and so every one of them.
struct crawl {
  explicit crawl(std::size_t limit) : tokens(limit) {}

  weft::channel<std::monostate> tokens;
  weft::channel<page> pages;
  weft::wait_group under_way;
};

// --- the server

void answer(weft::net::tcp_stream conn) try {
  conn.set_deadline(k_fetch_limit);
  weft::asio_stream stream(conn);
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> req;
  http::read(stream, buffer, req);

  weft::this_fiber::sleep_for(k_think_time);
  http::response<http::string_body> res(http::status::ok, req.version());
  res.body() = "This is " + std::string(req.target()) + ".\n";
  res.keep_alive(false);
  res.prepare_payload();
  http::write(stream, res);
} catch (const std::exception&) {  // the peer left; the one who fetches tells why
}

void serve(weft::net::tcp_listener listener) {
  for (;;) {
    try {
      weft::go(answer, listener.accept());
    } catch (const std::exception& error) {  // this peer is turned away, the others stay
      std::cerr << "crawl: a connection was refused: " << error.what() << '\n';
      weft::this_fiber::sleep_for(10ms);  // an error that comes back and back must not fill the log
    }
  }
}

// --- the crawler

page fetch(const weft::net::endpoint& server, std::string path) try {
  auto conn = weft::net::dial(server);
  conn.set_deadline(k_fetch_limit);
  weft::asio_stream stream(conn);
  http::request<http::empty_body> req(http::verb::get, path, 11);
  req.set(http::field::host, "localhost");
  http::write(stream, req);

  boost::beast::flat_buffer buffer;
  http::response<http::string_body> res;
  http::read(stream, buffer, res);
  if (res.result() != http::status::ok) throw std::runtime_error("status " + std::to_string(res.result_int()));
  return {std::move(path), res.body().size(), {}};
} catch (const std::exception& error) {
  return {std::move(path), 0, error.what()};
}

void fetch_all(crawl& all, const weft::net::endpoint& server, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) {
    all.tokens.send({});  // parks while `limit` fetches are under way
    all.under_way.add();
    weft::go([&all, server, i] {
      page got = fetch(server, "/page/" + std::to_string(i));
      all.tokens.recv();
      all.pages.send(std::move(got));
      all.under_way.done();
    });
  }
  all.under_way.wait();
  all.pages.close();
}

int summarise(crawl& all, std::size_t wanted, std::size_t limit) {
  const auto stop = weft::signals({SIGINT, SIGTERM});
  const auto start = steady_clock::now();
  std::size_t fetched = 0;
  std::size_t failed = 0;
  std::size_t bytes = 0;
  bool more = true;
  const auto count = [&](std::optional<page> got) {
    if (!got) return void(more = false);
    if (!got->error.empty()) std::cerr << "crawl: " << got->url << ": " << got->error << '\n';
    ++(got->error.empty() ? fetched : failed);
    bytes += got->bytes;
  };
  while (more) weft::select(weft::recv(all.pages, count), weft::recv(stop, [&](std::optional<int>) { more = false; }));

  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
  if (fetched + failed < wanted) std::cout << "interrupted: ";
  std::cout << fetched << " of " << wanted << " pages (" << bytes << " bytes) in " << took.count() << " ms, at most "
            << limit << " at once; " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

std::size_t number(std::string_view text, std::size_t least) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < least)
    throw std::invalid_argument("not a number of " + std::to_string(least) + " or more: '" + std::string(text) + "'");
  return value;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::size_t pages = argc > 1 ? number(argv[1], 0) : 200;
  const std::size_t limit = argc > 2 ? number(argv[2], 1) : 16;
  crawl all(limit);
  return weft::run([&] {
    auto listener = weft::net::listen("127.0.0.1:0");
    const auto server = listener.local_address();
    weft::go({.name = "server"}, serve, std::move(listener));
    weft::go({.name = "crawler"}, [&all, server, pages] { fetch_all(all, server, pages); });
    return summarise(all, pages, limit);
  });
} catch (const std::exception& error) {
  std::cerr << "crawl: " << error.what() << '\n';
  return 1;
}
