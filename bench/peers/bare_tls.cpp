// Room: bench. What secure.cpp does, by OpenSSL alone: one thread, sockets that do not block, each end of a connection
// moved on in turn, by way of memory: a system call moves as much as there is. The limit of weft's TLS on one worker:
// what is above it is weft's, what is here is OpenSSL's and the kernel's.
//
//   bare_tls [seconds]          default 2 each
#include "listening.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>

#include "certifying.hpp"
#include "figures.hpp"

namespace {

using context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

constexpr std::size_t k_piece = 64 * 1024;

void hold(bool well, const std::string& what) {
  if (well) return;
  const char* const reason = ERR_reason_error_string(ERR_get_error());
  throw std::runtime_error(what + ": " + (reason != nullptr ? reason : "no reason given"));
}

// A certificate, or a key, as OpenSSL's type. `read` is one of its.
template <class Read>
auto from_pem(const std::string& text, Read read) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                         BIO_free_all);
  auto* const made = read(in.get(), nullptr, nullptr, nullptr);
  hold(made != nullptr, "PEM");
  return made;
}

context server_context(const certifying::identity& own) {
  context made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(from_pem(own.certificate, PEM_read_bio_X509),
                                                                X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(from_pem(own.key, PEM_read_bio_PrivateKey),
                                                                EVP_PKEY_free);
  hold(SSL_CTX_use_certificate(made.get(), certificate.get()) == 1, "certificate");
  hold(SSL_CTX_use_PrivateKey(made.get(), key.get()) == 1, "key");
  hold(SSL_CTX_set_num_tickets(made.get(), 0) == 1, "tickets");
  return made;
}

context client_context(const certifying::identity& trusted) {
  context made(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(from_pem(trusted.certificate, PEM_read_bio_X509),
                                                                X509_free);
  hold(X509_STORE_add_cert(SSL_CTX_get_cert_store(made.get()), certificate.get()) == 1, "trust");
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(made.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  hold(SSL_CTX_set_ciphersuites(made.get(), "TLS_AES_128_GCM_SHA256") == 1, "cipher");
  return made;
}

// One end of a connection, with its socket.
class end {
 public:
  end(SSL_CTX* as, int fd) : fd_(fd), ssl_(SSL_new(as), SSL_free) {
    hold(ssl_ != nullptr, "SSL");
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    peers::must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    peers::set_no_delay(fd);
  }
  ~end() { close(fd_); }
  end(const end&) = delete;
  end& operator=(const end&) = delete;

  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

  // Whether the handshake is done.
  bool shake() {
    pull();
    const bool done = is_done(SSL_do_handshake(ssl_.get()));
    push();
    return done;
  }

  // Nothing where what was written before has not left yet.
  void write(const std::vector<char>& piece) {
    if (push()) hold(SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size())) > 0, "write");
    push();
  }

  // Bytes of all that has come.
  std::size_t read(std::vector<char>& into) {
    std::size_t arrived = 0;
    pull();
    for (int count = 1; count > 0;) {
      count = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
      if (is_done(count)) arrived += static_cast<std::size_t>(count);
    }
    return arrived;
  }

 private:
  [[nodiscard]] bool is_done(int result) const {
    if (result > 0) return true;
    const int why = SSL_get_error(ssl_.get(), result);
    hold(why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE, "TLS failed");
    return false;
  }

  // Whether all has left.
  bool push() {
    char* data = nullptr;
    BIO* const out = SSL_get_wbio(ssl_.get());
    const long size = BIO_get_mem_data(out, &data);
    if (sent_ < size) {
      const ssize_t count = send(fd_, data + sent_, static_cast<std::size_t>(size - sent_), MSG_NOSIGNAL);
      peers::must(count > 0 || errno == EAGAIN, "send");
      sent_ += count > 0 ? count : 0;
    }
    if (sent_ < size) return false;
    hold(BIO_reset(out) == 1, "BIO_reset");
    sent_ = 0;
    return true;
  }

  void pull() {
    const ssize_t count = recv(fd_, came_.data(), came_.size(), 0);
    peers::must(count > 0 || errno == EAGAIN, "recv");
    if (count > 0) hold(BIO_write(SSL_get_rbio(ssl_.get()), came_.data(), static_cast<int>(count)) == count, "BIO");
  }

  int fd_;
  static inline std::array<char, 4 * k_piece> came_;  // there is one thread
  long sent_ = 0;                                     // of what is in memory
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

class place {
 public:
  place()
      : own_(certifying::make_identity()),
        server_(server_context(own_)),
        client_(client_context(own_)),
        listener_(peers::listen_quietly(port_, 0)) {}
  ~place() { close(listener_); }
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  // Calls use(client, server) with both ends of a connection whose handshake is done.
  template <class Use>
  void with_connection(Use use) {
    const sockaddr_in to = peers::loopback(port_);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peers::must(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
    end client(client_.get(), fd);
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    peers::must(accepted >= 0, "accept");
    end server(server_.get(), accepted);
    SSL_set_accept_state(server.ssl());
    SSL_set_connect_state(client.ssl());
    hold(SSL_set1_host(client.ssl(), "localhost") == 1 && SSL_set_tlsext_host_name(client.ssl(), "localhost") == 1,
         "name");
    for (bool client_done = false, server_done = false; !client_done || !server_done;) {
      client_done = client.shake();
      server_done = server.shake();
    }
    use(client, server);
  }

 private:
  certifying::identity own_;
  context server_, client_;
  std::uint16_t port_ = 0;
  int listener_;
};

void shake_hands(place& here, std::chrono::seconds length, figures::line& out) {
  const figures::stopwatch watch;
  double count = 0;
  for (; watch.elapsed() < length; ++count) here.with_connection([](end&, end&) {});
  out.add("handshake_us", watch.us_of_each(count));
  out.add("handshake_cpu_us", watch.cpu_us_of_each(count));
}

void send_much(place& here, std::chrono::seconds length, figures::line& out) {
  here.with_connection([&](end& client, end& server) {
    const std::vector<char> piece(k_piece, 'x');
    std::vector<char> buf(k_piece);
    std::size_t arrived = 0;
    const figures::stopwatch watch;
    while (watch.elapsed() < length) {
      client.write(piece);
      arrived += server.read(buf);
    }
    out.add("mebibyte_us", watch.us_of_each(static_cast<double>(arrived) / (1 << 20)));
    out.add("mebibyte_cpu_us", watch.cpu_us_of_each(static_cast<double>(arrived) / (1 << 20)));
  });
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("bare_tls", [&] {
    const std::chrono::seconds length(figures::argument(argc, argv, 1, "the number of seconds", 2));
    place here;
    figures::line out;
    shake_hands(here, length, out);
    send_much(here, length, out);
  });
}
