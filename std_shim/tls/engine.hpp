#pragma once
// Room: tls. One connection as OpenSSL sees it: bytes of ciphertext go in and come out in memory, and nothing here
// waits. connection.hpp brings them from and to the peer.
//
// "One stretch". OpenSSL's queue of errors belongs to the thread. So every call of an SSL_ function is made by
// called(), which clears the queue, calls, and takes what the queue then says, without a switch point between: neither
// OpenSSL nor a callback of ours parks, for both ends of its BIO are memory. An error that another fiber of this worker
// left behind is therefore never ours, and ours is never another's.
//
// Whoever calls holds connection's lock: an SSL object is no one's to share.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include <weft/tls/context.hpp>

#include "context_core.hpp"

namespace weft::tls::detail {

enum class outcome : std::uint8_t {
  done,
  wants_input,  // more ciphertext of the peer
  ended,        // the peer has said that it will write no more
  failed,
};

struct step {
  outcome what = outcome::done;
  std::size_t moved = 0;
  std::error_code error{};  // of one that failed
};

class engine {
 public:
  // A client of `peer_name`, or a server (empty).
  engine(std::shared_ptr<context_core> context, std::string peer_name);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  // First, and once. An error: nothing else may be called.
  [[nodiscard]] std::error_code set_up();

  [[nodiscard]] static engine& of(SSL* ssl) noexcept { return *static_cast<engine*>(SSL_get_app_data(ssl)); }

  // --- What comes from the peer. All that was kept has been used up when a step wants input.

  // Lends it until keep_input.
  void lend_input(std::span<const std::byte> fresh) noexcept;
  // Copies what was not used up of what is lent.
  void keep_input();
  // A record has begun and not ended: more is on its way.
  [[nodiscard]] bool is_within_record() const noexcept { return SSL_has_pending(ssl_.get()) == 1; }
  // A read may end without further input: with what is there, or with the end, or the error, that is known.
  [[nodiscard]] bool may_read() const noexcept {
    return !input_.empty() || is_within_record() || failure_ ||
           (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  // --- Steps.

  [[nodiscard]] step handshake() noexcept;
  // As much as there is, into one buffer after the other. `done` with all that was moved; what ended it is told next
  // time.
  [[nodiscard]] step read(std::span<const std::span<std::byte>> buffers) noexcept;
  [[nodiscard]] step write(std::span<const std::byte> plain) noexcept;
  // Once: close_notify is put out.
  void say_goodbye() noexcept;

  // --- What is to be sent to the peer.

  [[nodiscard]] bool has_output() const noexcept { return !output_.empty(); }
  // Into an empty `to`.
  void take_output(std::vector<std::byte>& to) noexcept { to.swap(output_); }

  [[nodiscard]] const std::string& peer_name() const noexcept { return peer_name_; }
  // Of the certificate that was refused: whom it is for.
  void note_refused(std::vector<std::string> names) noexcept { refused_names_ = std::move(names); }
  [[nodiscard]] const std::vector<std::string>& refused_names() const noexcept { return refused_names_; }
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  friend struct memory_bio;

  [[nodiscard]] std::error_code expect_name();
  void resume_session() noexcept;
  [[nodiscard]] step read_one(std::span<std::byte> buffer) noexcept;
  void make_room_for(std::size_t plain) noexcept;
  template <class Call>
  [[nodiscard]] step called(Call call) noexcept;
  [[nodiscard]] step judged(int returned) noexcept;

  std::shared_ptr<context_core> context_;
  std::string peer_name_;
  std::span<const std::byte> input_;   // what OpenSSL has not yet read, lent or in kept_
  std::unique_ptr<std::byte[]> kept_;  // only while something is kept
  std::vector<std::byte> output_;
  std::error_code failure_;  // what ended it, for all further calls
  std::vector<std::string> refused_names_;
  bool is_lent_ = false;
  bool has_said_goodbye_ = false;
  handle<SSL, SSL_free> ssl_;  // goes first: its BIO refers to this
};

}  // namespace weft::tls::detail
