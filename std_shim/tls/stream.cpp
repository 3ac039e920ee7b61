// Room: tls. See weft/tls/stream.hpp. A call holds the connection, so that it ends as by close() if the stream goes
// meanwhile.

#include <weft/tls/stream.hpp>

#include <weft/netpoll/errc.hpp>

#include "certificate.hpp"
#include "connection.hpp"

namespace weft::tls {

namespace {

using detail::way;

std::error_code closed_before() noexcept { return std::make_error_code(std::errc::bad_file_descriptor); }

template <class Call>
std::size_t moved_by(std::shared_ptr<detail::connection> held, std::error_code& ec, Call call) {
  if (held != nullptr) return call(*held);
  ec = closed_before();
  return 0;
}

// What OpenSSL says of the connection; without one, nothing.
template <class Answer, class Look>
Answer asked(const std::shared_ptr<detail::connection>& of, Answer without, Look look) {
  return of != nullptr ? of->look(look) : without;
}

}  // namespace

stream& stream::operator=(stream&& from) noexcept {
  if (this == &from) return *this;
  static_cast<void>(close_now());
  connection_ = std::move(from.connection_);
  return *this;
}

stream::~stream() { static_cast<void>(close_now()); }

bool stream::is_open() const noexcept { return connection_ != nullptr && connection_->is_open(); }

bool stream::close_now() noexcept { return connection_ != nullptr && connection_->close(); }

void stream::fail(const std::error_code& ec, const char* call) {
  net::detail::throw_error(ec, (std::string("tls::stream::") + call).c_str());
}

// --- Reading and writing.

std::size_t stream::read(std::span<std::byte> buffer, std::error_code& ec) { return read_into({&buffer, 1}, ec); }

std::size_t stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  return moved_by(connection_, ec, [&](auto& held) { return held.read(buffers, ec); });
}

std::size_t stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  return moved_by(connection_, ec, [&](auto& held) { return held.fill(buffer, ec); });
}

net::chunk stream::borrow(std::error_code& ec) {
  const auto held = connection_;
  if (held != nullptr) return held->borrow(ec);
  ec = closed_before();
  return {};
}

std::size_t stream::write(std::span<const std::byte> buffer, std::error_code& ec) {
  return write_each({&buffer, 1}, ec);
}

std::size_t stream::write_part(std::span<const std::byte> buffer, std::error_code& ec) {
  return write_from({&buffer, 1}, ec);
}

std::size_t stream::write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  return moved_by(connection_, ec, [&](auto& held) { return held.write(buffers, false, ec); });
}

std::size_t stream::write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  return moved_by(connection_, ec, [&](auto& held) { return held.write(buffers, true, ec); });
}

void stream::end_writing(std::error_code& ec) {
  moved_by(connection_, ec, [&](auto& held) { return held.end_writing(ec), std::size_t{0}; });
}

void stream::move_read_deadline(deadline until, std::error_code& ec) {
  moved_by(connection_, ec, [&](auto& held) { return held.set_deadline(way::read, until, ec), std::size_t{0}; });
}

void stream::move_write_deadline(deadline until, std::error_code& ec) {
  moved_by(connection_, ec, [&](auto& held) { return held.set_deadline(way::write, until, ec), std::size_t{0}; });
}

// --- What was agreed on.

std::string stream::alpn() const {
  return asked(connection_, std::string(), [](SSL* ssl) {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    return std::string(reinterpret_cast<const char*>(protocol), size);
  });
}

std::string stream::server_name() const {
  return asked(connection_, std::string(), [](SSL* ssl) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return std::string(name != nullptr ? name : "");
  });
}

tls::version stream::version() const {
  return asked(connection_, tls::version::tls_1_2, [](SSL* ssl) {
    return SSL_version(ssl) == TLS1_3_VERSION ? tls::version::tls_1_3 : tls::version::tls_1_2;
  });
}

std::string stream::cipher() const {
  return asked(connection_, std::string(), [](SSL* ssl) { return std::string(SSL_get_cipher_name(ssl)); });
}

bool stream::is_resumed() const {
  return asked(connection_, false, [](SSL* ssl) { return SSL_session_reused(ssl) == 1; });
}

certificate stream::peer_certificate() const { return asked(connection_, certificate(), detail::certificate_of_peer); }

}  // namespace weft::tls
