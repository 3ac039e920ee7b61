// Room: tests of tls. What a reader must say, and a writer must hear: new keys, alerts, messages that come in parts.

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>

#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/tls.hpp>

#include "connection.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

void ask_for_new_keys(tls::detail::connection& of) {
  of.look([](SSL* ssl) { EXPECT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1); });
}

FIBER_TEST(tls_stream, changes_keys_under_way) {
  auto [near, far] = net::pipe();
  std::error_code ec;
  auto client = std::make_shared<tls::detail::connection>(net::any_stream(std::move(near)), -1,
                                                          default_client_context().core(), "a.test");
  tls::stream server;
  auto accepting = spawn(
      [&server, far = std::move(far)]() mutable { server = tls::accept(std::move(far), default_server_context()); });
  client->shake_hands(ec);
  accepting.join();
  tls::stream mine(client);
  for (int round = 0; round < 3; ++round) {
    ask_for_new_keys(*client);
    mine.write_all("new keys");  // with them goes the request for the server's own
    std::string got(8, '\0');
    server.read_exactly(got);
    EXPECT_EQ(got, "new keys");
    server.write_all("mine too");
    mine.read_exactly(got);
    EXPECT_EQ(got, "mine too");
  }
}

// A peer that hears an alert knows why: one that is told by a reader, on a socket, though nobody writes any more.
FIBER_TEST(tls_stream, a_reader_that_is_fed_nonsense_tells_the_peer) {
  auto tcp = connected_below(below::tcp);
  std::error_code ec;
  auto client = std::make_shared<tls::detail::connection>(std::move(tcp.first.stream), tcp.first.socket,
                                                          default_client_context().core(), "a.test");
  tls::stream server;
  auto accepting = spawn([&] { server = tls::accept(std::move(tcp.second), default_server_context()); });
  client->shake_hands(ec);
  accepting.join();
  server.write_all("x");
  tls::stream mine(client);
  char one[1];
  mine.read_exactly(one);
  const std::string nonsense = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'n');
  ASSERT_EQ(::send(tcp.first.socket, nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 37);
  EXPECT_EQ(how_a_read_ends(server).message(), "decryption failed or bad record mac");
  EXPECT_EQ(how_a_read_ends(server).message(), "decryption failed or bad record mac") << "it stays so";
  EXPECT_EQ(how_a_read_ends(mine).message(), "sslv3 alert bad record mac");
}

// A ticket of several records, of which the client gets the first alone: OpenSSL writes again when it has all.
class half_a_ticket {
 public:
  half_a_ticket() {
    auto [near, client_side] = net::pipe();
    auto [server_side, far] = net::pipe();
    client_side_ = std::move(client_side);
    server_side_ = std::move(server_side);
    accepting_ =
        spawn([this, far = std::move(far)]() mutable { server = tls::accept(std::move(far), asking_server()); });
    up_ = spawn([this] { pass_up(); });
    auto down = spawn([this] {
      while (!is_shaken_) pass_record();
    });
    client = tls::connect(std::move(near), "a.test", {.context = showing_client()});
    is_shaken_ = true;
    down.join();  // it has passed on the first record of the tickets
    accepting_.join();
  }

  void pass_rest() {
    while (true) pass_record();
  }

  tls::stream client, server;

 private:
  // The certificate of the client goes into the ticket, which is longer than a record may be.
  static tls::context asking_server() {
    auto options = our_server();
    options.client_certificates = tls::client_certificates::require;
    options.trust_pem = our_authority().pem();
    auto made = tls::context::server(options);
    SSL_CTX_set_max_send_fragment(made.core()->ssl.get(), 512);
    return made;
  }

  static tls::context showing_client() {
    auto options = trusting_client();
    options.certificate_pem = our_identity().certificate;
    options.key_pem = our_identity().key;
    return tls::context::client(options);
  }

  // The server sends tickets when it has the client's last word, which waits until the client is done.
  void pass_up() {
    std::array<char, 4096> buf;
    std::error_code ec;
    while (const auto n = client_side_.read_some(buf, ec)) {
      server_side_.write_all(std::span(buf).first(n), ec);
      wait_until([this] { return is_shaken_.load(); });
    }
  }

  void pass_record() {
    std::string record(5, '\0');
    server_side_.read_exactly(record);
    const auto size = static_cast<unsigned char>(record[3]) * 256u + static_cast<unsigned char>(record[4]);
    record.resize(5 + size);
    server_side_.read_exactly(std::span(record).subspan(5));
    client_side_.write_all(record);
  }

  net::pipe_stream client_side_, server_side_;
  std::atomic<bool> is_shaken_{false};
  join_handle<void> accepting_, up_;
};

FIBER_TEST(tls_stream, a_writer_waits_for_the_rest_of_a_message_that_has_begun) {
  for (const bool has_reader : {true, false}) {
    half_a_ticket both;
    auto reading = spawn([&] { return how_a_read_ends(both.client); });
    await_waiting(2, "pipe read");
    auto writing = spawn([&] { both.client.write_all("at last"); });
    await_waiting(1, "tls write, for");
    if (!has_reader) reading.request_stop();  // then the writer receives for itself
    auto passing = spawn([&] { both.pass_rest(); });
    writing.join();
    std::string got(7, '\0');
    both.server.read_exactly(got);
    EXPECT_EQ(got, "at last");
    if (!has_reader) continue;
    both.server.write_all("x");
    EXPECT_EQ(reading.join(), std::error_code());
  }
}

FIBER_TEST(tls_stream, close_and_deadlines_end_the_wait_for_the_rest_of_a_message) {
  for (const bool is_closed : {true, false}) {
    half_a_ticket both;
    auto reading = spawn([&] { return how_a_read_ends(both.client); });
    await_waiting(2, "pipe read");
    auto writing = spawn([&] { return how_a_write_ends(both.client); });
    await_waiting(1, "tls write, for");
    if (is_closed)
      both.client.close();
    else
      both.client.set_write_deadline(0s);
    EXPECT_EQ(writing.join(), is_closed ? std::errc::operation_canceled : std::errc::timed_out);
    if (!is_closed) both.client.set_read_deadline(0s);
    EXPECT_EQ(reading.join(), is_closed ? std::errc::operation_canceled : std::errc::timed_out);
  }
}

FIBER_TEST(tls_stream, needs_no_more_stack_than_any_fiber_has) {
  auto both = shake();
  std::size_t deepest = 0;
  for (const auto& each : snapshot().stacks) deepest = std::max(deepest, each.deepest);
  EXPECT_LT(deepest, 128u * 1024);
}

}  // namespace
}  // namespace weft::testing
