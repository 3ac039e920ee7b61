// Room: tls. See engine.hpp.

#include "engine.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <weft/tls/errc.hpp>

#include "errors.hpp"

namespace weft::tls::detail {

// What OpenSSL reads from and writes to: the engine's memory.
struct memory_bio {
  static engine& of(BIO* bio) noexcept { return *static_cast<engine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, std::size_t size, std::size_t* moved) noexcept {
    auto& input = of(bio).input_;
    BIO_clear_retry_flags(bio);
    *moved = std::min(size, input.size());
    if (*moved == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(to, input.data(), *moved);
    input = input.subspan(*moved);
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* moved) noexcept try {
    auto& output = of(bio).output_;
    const auto* const bytes = reinterpret_cast<const std::byte*>(from);
    output.insert(output.end(), bytes, bytes + size);
    *moved = size;
    return 1;
  } catch (const std::bad_alloc&) {
    *moved = 0;
    return 0;
  }

  static long control(BIO*, int what, long, void*) noexcept { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* make_method() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(method, read);
    BIO_meth_set_write_ex(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  // Never freed, as all that the process shares.
  static BIO* make(engine& for_it) {
    static BIO_METHOD* const method = make_method();
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &for_it);
    BIO_set_init(bio, 1);
    return bio;
  }
};

// --- Making one.

engine::engine(std::shared_ptr<context_core> context, std::string peer_name)
    : context_(std::move(context)), peer_name_(std::move(peer_name)) {}

std::error_code engine::set_up() {
  ERR_clear_error();
  ssl_.reset(SSL_new(context_->ssl.get()));
  if (ssl_ == nullptr) return take_queued_error();
  SSL_set_app_data(ssl_.get(), this);
  BIO* const bio = memory_bio::make(*this);
  SSL_set_bio(ssl_.get(), bio, bio);  // takes it over
  if (context_->is_server) {
    SSL_set_accept_state(ssl_.get());
    return {};
  }
  SSL_set_connect_state(ssl_.get());
  if (const auto ec = expect_name()) return ec;
  resume_session();
  return {};
}

// That the certificate must name, and that a server of several is told. An address is not told (RFC 6066).
std::error_code engine::expect_name() {
  if (peer_name_.empty()) return errc::invalid_name;
  SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), peer_name_.c_str()) == 1) return {};
  ERR_clear_error();  // no address, then
  const bool is_taken = peer_name_.find('\0') == std::string::npos &&
                        SSL_set1_host(ssl_.get(), peer_name_.c_str()) == 1 &&
                        SSL_set_tlsext_host_name(ssl_.get(), peer_name_.c_str()) == 1;
  ERR_clear_error();
  return is_taken ? std::error_code() : errc::invalid_name;
}

void engine::resume_session() noexcept {
  if (!context_->resumes) return;
  const auto session = context_->sessions.take(peer_name_);
  if (session != nullptr) SSL_set_session(ssl_.get(), session.get());
}

// --- Input.

void engine::lend_input(std::span<const std::byte> fresh) noexcept {
  if (fresh.empty()) return;
  input_ = fresh;
  is_lent_ = true;
}

void engine::keep_input() {
  const bool was_lent = std::exchange(is_lent_, false);
  if (input_.empty()) kept_.reset();
  if (input_.empty() || !was_lent) return;
  auto copy = std::make_unique_for_overwrite<std::byte[]>(input_.size());
  std::memcpy(copy.get(), input_.data(), input_.size());
  kept_ = std::move(copy);
  input_ = {kept_.get(), input_.size()};
}

// --- Steps.

// "One stretch".
template <class Call>
step engine::called(Call call) noexcept {
  if (failure_) return {outcome::failed, 0, failure_};
  if (ERR_peek_error() != 0) ERR_clear_error();  // which walks all of the queue, also of an empty one
  return judged(call(ssl_.get()));
}

step engine::judged(int returned) noexcept {
  if (returned == 1) return {};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {outcome::wants_input};
    case SSL_ERROR_ZERO_RETURN: return {outcome::ended};
    default: break;
  }
  const unsigned long code = ERR_peek_error();
  const bool is_refused = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  const std::error_code queued = take_queued_error();
  failure_ = is_refused ? certificate_error(SSL_get_verify_result(ssl_.get())) : queued;
  return {outcome::failed, 0, failure_};
}

step engine::handshake() noexcept {
  return called([](SSL* ssl) { return SSL_do_handshake(ssl); });
}

step engine::read_one(std::span<std::byte> buffer) noexcept {
  std::size_t moved = 0;
  step last = called([&](SSL* ssl) { return SSL_read_ex(ssl, buffer.data(), buffer.size(), &moved); });
  last.moved = moved;
  return last;
}

step engine::read(std::span<const std::span<std::byte>> buffers) noexcept {
  step all;
  for (auto buffer : buffers) {
    while (!buffer.empty()) {
      // OpenSSL would take a buffer and give it back, to say as much.
      const step one = may_read() ? read_one(buffer) : step{outcome::wants_input};
      if (one.what != outcome::done) return all.moved != 0 ? all : one;
      all.moved += one.moved;
      buffer = buffer.subspan(one.moved);
    }
  }
  return all;
}

// For all records of it, at once: room that grows from record to record is copied each time.
void engine::make_room_for(std::size_t plain) noexcept try {
  constexpr std::size_t k_record = 16 * 1024;
  constexpr std::size_t k_overhead = 96;  // of a record: its head, a nonce, padding and what authenticates it
  output_.reserve(output_.size() + plain + (plain / k_record + 1) * k_overhead);
} catch (const std::bad_alloc&) {  // the write itself will tell
}

step engine::write(std::span<const std::byte> plain) noexcept {
  make_room_for(plain.size());
  std::size_t moved = 0;
  step last = called([&](SSL* ssl) { return SSL_write_ex(ssl, plain.data(), plain.size(), &moved); });
  last.moved = moved;
  return last;
}

void engine::say_goodbye() noexcept {
  if (std::exchange(has_said_goodbye_, true) || SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(ssl_.get()));  // 0, for the peer's own end is not awaited
  ERR_clear_error();
}

}  // namespace weft::tls::detail
