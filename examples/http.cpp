// An HTTP/1.1 server: Boost.Beast, written as for blocking sockets, on fibers.
//
//   http [port] [--tls CERT KEY]      default 8080; 0: a free one. Ctrl-C ends it. With files in PEM it speaks https,
//                                     if it was built with weft-tls.
//
//   GET /                  a small body
//   GET /hierarchy         this process: its threads, which of them have a loop, how many fibers each state holds; the
//                          text is up to a second old, for looking at every fiber costs more, the more there are
//
// Connections are kept alive until they have been silent for a while. What cannot be served is answered by its HTTP
// status.
#include <weft/asio.hpp>
#include <weft/weft.hpp>
#if HTTP_HAS_TLS
#include <weft/tls.hpp>
#endif

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint32_t k_header_limit = 8 * 1024;
constexpr std::uint64_t k_body_limit = 64 * 1024;
constexpr auto k_idle_limit = 30s;  // for the next request to arrive, whole
constexpr auto k_hierarchy_age = 1s;
constexpr auto k_linger_limit = 1s;  // for a refused peer to read why

// Of a connection's fiber, which only waits. What goes deep runs in fibers of the usual size, and so on stacks of their
// own: a connection never gets one that was deep.
constexpr std::size_t k_waiting_stack = 64 * 1024;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

std::string hierarchy() {
  const auto seen = weft::snapshot();
  std::ostringstream out;
  out << "process " << seen.pid << "\n  threads: " << seen.threads.size() << '\n';
  for (const auto& thread : seen.threads) {
    out << "    " << thread.tid << ' ' << thread.name << " (" << to_string(thread.role) << "): ";
    out << (thread.loop.empty() ? "no loop" : "loop of the " + thread.loop);
    if (thread.running != weft::fiber_id()) out << ", runs fiber " << thread.running;
    out << '\n';
  }

  out << "  fibers: " << seen.fibers.size() << '\n';
  for (const auto state : {weft::fiber_state::running, weft::fiber_state::ready, weft::fiber_state::parked})
    out << "    " << to_string(state) << ": " << seen.count(state) << '\n';

  std::map<std::string, std::size_t> reasons;
  for (const auto& fiber : seen.fibers)
    if (fiber.state == weft::fiber_state::parked) ++reasons[fiber.waits_for];
  for (const auto& [reason, count] : reasons) out << "      " << reason << ": " << count << '\n';
  return out.str();
}

// What hierarchy() said last. Looking at 8,000 fibers costs as much as a thousand small answers: whoever asks meanwhile
// waits for the one who looks, and nobody looks again before a second is over.
class cached_hierarchy {
 public:
  std::string text() {
    const std::scoped_lock lock(mutex_);
    if (text_.empty() || steady_clock::now() - taken_ >= k_hierarchy_age) {
      text_ = hierarchy();
      taken_ = steady_clock::now();
    }
    return text_;
  }

 private:
  weft::mutex mutex_;
  std::string text_;
  steady_clock::time_point taken_;
};

cached_hierarchy g_hierarchy;

// [handler]
response text(http::status status, std::string body) {
  response res(status, 11);
  res.set(http::field::content_type, "text/plain");
  res.body() = std::move(body);
  return res;
}

response answer(const request& req) {
  if (req.version() == 11 && req.count(http::field::host) != 1)
    return text(http::status::bad_request, "HTTP/1.1 needs one Host\n");
  const auto path = req.target().substr(0, req.target().find('?'));
  if (path != "/" && path != "/hierarchy") return text(http::status::not_found, "no such page\n");
  if (req.method() != http::verb::get && req.method() != http::verb::head) {
    auto res = text(http::status::method_not_allowed, "only GET and HEAD\n");
    res.set(http::field::allow, "GET, HEAD");
    return res;
  }
  return text(http::status::ok, path == "/" ? "hello from a fiber\n" : g_hierarchy.text());
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
void linger(auto& conn) {
  char unread[512];
  std::error_code ec;
  conn.shutdown_write(ec);
  conn.set_read_deadline(k_linger_limit);
  while (!ec && conn.read_some(unread, ec) > 0) continue;
}

// One request, of which the first bytes are in `came`. False: it was the last one.
bool serve_request(auto& conn, beast::flat_buffer& came) {
  weft::basic_asio_stream stream(conn);
  beast::error_code ec;
  http::request_parser<http::string_body> parser;
  parser.header_limit(k_header_limit);
  parser.body_limit(k_body_limit);
  http::read_header(stream, came, parser, ec);
  if (!ec && beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done())
    conn.write_all(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));  // the client waits for it
  if (!ec) http::read(stream, came, parser, ec);
  auto res = ec ? refusal(ec) : answer(parser.get());
  if (!res) return false;

  res->keep_alive(!ec && parser.keep_alive());
  res->prepare_payload();
  http::response_serializer<http::string_body> writer(*res);
  if (parser.get().method() == http::verb::head)
    http::write_header(stream, writer, ec);
  else
    http::write(stream, writer, ec);
  if (!ec && !res->keep_alive()) linger(conn);
  return !ec && res->keep_alive();
}

// The first bytes of the next request. False: there is none.
bool await_request(auto& conn, beast::flat_buffer& came) {
  came.shrink_to_fit();
  std::error_code ec;
  const auto first = conn.read_chunk(ec);
  came.commit(boost::asio::buffer_copy(came.prepare(first.size()), boost::asio::buffer(first.data(), first.size())));
  return !first.empty();
}

// Over a stream of any kind. Between requests a connection holds no buffer, no parser, and one page of stack: what goes
// deep runs in a fiber of its own, whose stack serves the next request of anybody (weft/netpoll/chunk.hpp).
void converse(auto& conn) {
  beast::flat_buffer came;
  for (bool goes_on = true; goes_on;) {
    conn.set_deadline(k_idle_limit);
    if (came.size() == 0 && !await_request(conn, came)) return;
    goes_on = weft::spawn([&] { return serve_request(conn, came); }).join();
  }
}
// [/handler]

// A conversation that fails ends alone.
void serve(weft::net::tcp_stream conn) try { converse(conn); } catch (const std::exception& error) {
  std::cerr << "http: a connection failed: " << error.what() << '\n';
}

#if HTTP_HAS_TLS
// As serve; the handshake is here, where nobody else waits for it, and goes deep.
void serve_tls(weft::net::tcp_stream tcp, const weft::tls::context& as) try {
  auto conn = weft::spawn([&] { return weft::tls::accept(std::move(tcp), as, {.timeout = k_idle_limit}); }).join();
  converse(conn);
} catch (const std::exception& error) {
  std::cerr << "http: a connection failed: " << error.what() << '\n';
}
#endif

// No error ends the server: not a peer that is turned away for want of a stack, nor one of accept that nobody foresaw.
// Being cancelled is no std::exception, and ends it.
void accept_all(weft::net::tcp_listener listener, const auto& serve_one) {
  for (;;) {
    try {
      weft::go({.stack_size = k_waiting_stack}, serve_one, listener.accept());
    } catch (const std::exception& error) {
      std::cerr << "http: a connection was refused: " << error.what() << '\n';
      weft::this_fiber::sleep_for(10ms);  // an error that comes back and back must not fill the log
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string port = argc > 1 ? argv[1] : "8080";
  const bool is_tls = argc == 5 && std::string(argv[2]) == "--tls";
  if (argc > 2 && !is_tls)
    throw std::invalid_argument("what is '" + std::string(argv[2]) + "'? http [port] [--tls CERT KEY]");
  return weft::run([&] {
    const auto stop = weft::signals({SIGINT, SIGTERM});
    const auto accept_with = [&](auto serve_one) {
      auto listener = weft::net::listen("127.0.0.1:" + port);
      std::cout << "listening on " << listener.local_address() << std::endl;
      weft::go({.name = "accept"},
               [listener = std::move(listener), serve_one]() mutable { accept_all(std::move(listener), serve_one); });
    };
    if (!is_tls) {
      accept_with(serve);
    } else {
#if HTTP_HAS_TLS
      const auto as =
          weft::tls::context::server({.certificate_file = argv[3], .key_file = argv[4], .alpn = {"http/1.1"}});
      accept_with([as](weft::net::tcp_stream tcp) { serve_tls(std::move(tcp), as); });
#else
      throw std::invalid_argument("built without TLS: install OpenSSL 3 and build anew");
#endif
    }
    stop.recv();
    return 0;  // cancels, unwinds and joins every fiber still alive
  });
} catch (const std::exception& error) {
  std::cerr << "http: " << error.what() << '\n';
  return 1;
}
