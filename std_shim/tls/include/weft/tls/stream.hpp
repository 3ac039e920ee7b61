#pragma once
// Room: tls. One TLS connection, in blocking style, over any stream.
//
//   auto conn = tls::dial("example.org:443", {.timeout = 5s});      // the certificate and the name are checked
//   conn.write_all("GET / HTTP/1.0\r\n\r\n");
//   char buf[4096];
//   while (auto n = conn.read_some(buf)) consume(std::span(buf, n));   // 0: the peer has said that it is all
//
//   auto ctx = tls::context::server("cert.pem", "key.pem");
//   weft::go([tcp = listener.accept(), ctx]() mutable {   // not in the accept loop: the handshake waits for the peer
//     auto conn = tls::accept(std::move(tcp), ctx);
//     serve(conn);
//   });
//
// Reading, writing, the deadlines, close, and who may call what are those of every stream: net/byte_stream.hpp. What is
// TLS's own:
// - One fiber may read while another writes. The deadlines are set on the stream below as well.
// - The end of the stream is what the peer has said (close_notify). One that goes without is tls::errc::truncated, also
//   if it only crashed: whoever can cut a wire must not be able to cut a message.
// - shutdown_write() says that end to the peer, and our reads go on. Unlike that of other streams it waits: for writes
//   in progress, and until the stream below has taken its last bytes. A cancellation point, under the write deadline.
// - close() and the destructor do not wait. They say the end, too, if the stream below is a socket, nobody is writing,
//   and the system takes the few bytes at once; who needs to be sure calls shutdown_write().
// - A write that ends early (deadline, cancellation) has taken what it counts: the rest of it leaves with the next
//   write.
// - Renegotiation (TLS 1.2) is refused, and compression. Updates of keys (1.3) are answered with the next write.
// - OpenSSL needs some 16 KiB of stack for a handshake: a fiber's usual stack is enough.
// - A wait for the next bytes holds no buffer, neither of ciphertext nor, by read_chunk(), of plain bytes. Several
//   buffers that are written by one call are encrypted as if they were one: a small head and body are one record.
// Next: context.hpp, errc.hpp.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/byte_stream.hpp>
#include <weft/tls/context.hpp>
#include <weft/tls/errc.hpp>

namespace weft::tls::detail {
class connection;
}

#pragma GCC visibility push(default)

namespace weft::tls {

// What a peer has shown of itself.
struct certificate {
  std::string subject;  // "CN=example.org, O=Example"
  std::string issuer;
  std::vector<std::string> names;  // host names and addresses that it is for
  std::string pem;
};

namespace detail {

// The stream below: owned, and its descriptor if it is a socket's. Implicit: made of a stream that is moved, or of
// std::ref to one that outlives the connection.
struct transport {
  template <class Stream>
    requires(!std::is_lvalue_reference_v<Stream> && std::is_constructible_v<net::any_stream, Stream>)
  transport(Stream&& from) : socket(descriptor_of(from)), stream(std::forward<Stream>(from)) {}

  template <class Stream>
  static int descriptor_of(const Stream& of) noexcept {
    if constexpr (requires { of.native_handle(); }) return of.native_handle();
    return -1;
  }

  int socket;
  net::any_stream stream;
};

}  // namespace detail

class stream : public net::byte_stream<stream> {
 public:
  // No connection: every operation is std::errc::bad_file_descriptor. So is one that was moved from.
  stream() noexcept = default;
  stream(stream&&) noexcept = default;
  stream& operator=(stream&& from) noexcept;
  ~stream();

  [[nodiscard]] bool is_open() const noexcept;

  // --- What was agreed on. Of a stream without a connection: empty, tls_1_2, false.

  [[nodiscard]] std::string alpn() const;         // the protocol; empty: none
  [[nodiscard]] std::string server_name() const;  // that the client has asked for; empty: none, or an address
  [[nodiscard]] tls::version version() const;
  [[nodiscard]] std::string cipher() const;  // "TLS_AES_128_GCM_SHA256"
  [[nodiscard]] bool is_resumed() const;     // the session of an earlier connection was taken up
  // The other side's own; all empty if it has shown none.
  [[nodiscard]] certificate peer_certificate() const;

  // For connect and accept.
  explicit stream(std::shared_ptr<detail::connection> connection) noexcept : connection_(std::move(connection)) {}

 private:
  friend class net::byte_stream<stream>;

  std::size_t read(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  net::chunk borrow(std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  std::size_t write(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  std::size_t write_part(std::span<const std::byte> buffer, std::error_code& ec);
  std::size_t write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec);
  void end_writing(std::error_code& ec);
  void move_read_deadline(deadline until, std::error_code& ec);
  void move_write_deadline(deadline until, std::error_code& ec);
  [[nodiscard]] bool close_now() noexcept;
  [[noreturn]] static void fail(const std::error_code& ec, const char* call);

  std::shared_ptr<detail::connection> connection_;
};

struct connect_options {
  tls::context context{};  // none: one of the process, which trusts whom the system trusts
  std::chrono::nanoseconds timeout{
      0};  // for all of it. 0: none but the deadlines that the stream below has; else those
           // are none afterwards
};

struct dial_options {
  tls::context context{};               // as above
  std::chrono::nanoseconds timeout{0};  // for the name, the connection and the handshake together; 0: no limit
  std::string server_name{};            // whom the certificate must name; empty: the host of the address
};

struct accept_options {
  std::chrono::nanoseconds timeout{0};  // as of connect_options
};

// Shakes hands with a server over a stream that is connected, and checks that it is `server_name` ("example.org",
// "192.0.2.1", "2001:db8::1"). Parks; a cancellation point. The stream is taken over, and closed if this fails. Throws
// std::system_error, which names the server; outside a runtime std::logic_error if the stream below does.
[[nodiscard]] stream connect(detail::transport over, std::string_view server_name, const connect_options& options = {});
[[nodiscard]] stream connect(detail::transport over, std::string_view server_name, const connect_options& options,
                             std::error_code& ec);
[[nodiscard]] stream connect(detail::transport over, std::string_view server_name, std::error_code& ec);

// net::dial and connect in one: "example.org:443", "[2001:db8::1]:443".
[[nodiscard]] stream dial(std::string_view address, const dial_options& options = {});
[[nodiscard]] stream dial(std::string_view address, const dial_options& options, std::error_code& ec);
[[nodiscard]] stream dial(std::string_view address, std::error_code& ec);

// The server's side of it. What else holds is as of connect.
[[nodiscard]] stream accept(detail::transport over, const context& as, const accept_options& options = {});
[[nodiscard]] stream accept(detail::transport over, const context& as, const accept_options& options,
                            std::error_code& ec);
[[nodiscard]] stream accept(detail::transport over, const context& as, std::error_code& ec);

}  // namespace weft::tls

#pragma GCC visibility pop
