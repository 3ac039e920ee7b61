// Room: bench. The server of examples/http.cpp with one OS thread for each connection: blocking sockets, the same Beast
// parser with the same limits, the same deadline (as SO_RCVTIMEO and SO_SNDTIMEO), the same bytes in every answer of
// `/`.
//
//   thread_http [port]          default 8080
#include "listening.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

constexpr std::uint32_t k_header_limit = 8 * 1024;
constexpr std::uint64_t k_body_limit = 64 * 1024;
constexpr auto k_idle_limit = 30s;
constexpr auto k_linger_limit = 1s;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

// A blocking socket as Beast's SyncReadStream and SyncWriteStream. Asio's own would poll past SO_RCVTIMEO.
class blocking_stream {
 public:
  explicit blocking_stream(int fd) noexcept : fd_(fd) {}
  ~blocking_stream() { close(fd_); }
  blocking_stream(const blocking_stream&) = delete;
  blocking_stream& operator=(const blocking_stream&) = delete;

  void expires_after(std::chrono::seconds limit) {
    const timeval time{limit.count(), 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  }
  void shutdown_write() { shutdown(fd_, SHUT_WR); }

  template <class Buffers>
  std::size_t read_some(const Buffers& into, beast::error_code& ec) {
    gathered parts(into);
    const std::size_t got = transferred(recvmsg(fd_, &parts.message, 0), ec);
    if (got == 0 && !ec) ec = asio::error::eof;
    return got;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from, beast::error_code& ec) {
    gathered parts(from);
    return transferred(sendmsg(fd_, &parts.message, MSG_NOSIGNAL), ec);
  }

  // The concepts ask for these, too.
  template <class Buffers>
  std::size_t read_some(const Buffers& into) {
    beast::error_code ec;
    const std::size_t got = read_some(into, ec);
    if (ec) throw beast::system_error(ec);
    return got;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from) {
    beast::error_code ec;
    const std::size_t put = write_some(from, ec);
    if (ec) throw beast::system_error(ec);
    return put;
  }

 private:
  // Up to 16 buffers as one message.
  struct gathered {
    template <class Buffers>
    explicit gathered(const Buffers& buffers) {
      message.msg_iov = parts.data();
      for (const auto part : beast::buffers_range_ref(buffers)) {
        if (message.msg_iovlen == parts.size()) break;
        parts[message.msg_iovlen++] = {const_cast<void*>(static_cast<const void*>(part.data())), part.size()};
      }
    }
    gathered(const gathered&) = delete;
    gathered& operator=(const gathered&) = delete;

    std::array<iovec, 16> parts;
    msghdr message{};
  };

  static std::size_t transferred(ssize_t result, beast::error_code& ec) {
    ec = {};
    if (result >= 0) return static_cast<std::size_t>(result);
    ec.assign(errno, boost::system::system_category());
    return 0;
  }

  int fd_;
};

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
void linger(blocking_stream& stream) {
  char unread[512];
  beast::error_code ec;
  stream.shutdown_write();
  stream.expires_after(k_linger_limit);
  while (!ec) stream.read_some(asio::buffer(unread), ec);
}

void converse(blocking_stream& stream) {
  beast::flat_buffer buffer;
  beast::error_code ec;
  stream.expires_after(k_idle_limit);
  while (!ec) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(k_header_limit);
    parser.body_limit(k_body_limit);
    http::read(stream, buffer, parser, ec);
    auto res = ec ? refusal(ec) : answer(parser.get());
    if (!res) return;

    res->keep_alive(!ec && parser.keep_alive());
    res->prepare_payload();
    http::response_serializer<http::string_body> writer(*res);
    if (parser.get().method() == http::verb::head)
      http::write_header(stream, writer, ec);
    else
      http::write(stream, writer, ec);
    if (!ec && !res->keep_alive()) return linger(stream);
  }
}
// [/handler]

void serve(int fd) try {
  blocking_stream stream(fd);
  converse(stream);
} catch (const std::exception& error) {
  std::cerr << "thread_http: a connection failed: " << error.what() << '\n';
}

[[noreturn]] void accept_all(int listener) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(10ms);
      continue;
    }
    peers::set_no_delay(fd);
    try {
      std::thread(serve, fd).detach();
    } catch (const std::system_error& error) {
      std::cerr << "thread_http: a connection was refused: " << error.what() << '\n';
      close(fd);
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  accept_all(peers::listen_on(argc > 1 ? peers::parse_port(argv[1]) : 8080, 0));
} catch (const std::exception& error) {
  std::cerr << "thread_http: " << error.what() << '\n';
  return 1;
}
