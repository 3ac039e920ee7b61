// Room: tests of tls. What a stream promises, once hands are shaken.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/tls.hpp>

#include "connection.hpp"
#include "faults.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using net::detail::fault_injection;

std::error_code how_a_read_ends(tls::stream& s) {
  char buf[8];
  std::error_code ec;
  s.read_some(buf, ec);
  return ec;
}

std::error_code how_a_write_ends(tls::stream& s, std::size_t size = 100) {
  std::error_code ec;
  s.write_all(std::string(size, 'x'), ec);
  return ec;
}

std::string numbered(std::size_t size, unsigned from) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 255 + from) & 0xff);
  return text;
}

// Returns once `n` fibers are parked on something that begins so.
void await_waiting(std::size_t n, std::string_view what) {
  wait_until([=] {
    const process_snapshot now = snapshot();
    const auto waiting = std::count_if(now.fibers.begin(), now.fibers.end(), [what](const fiber_info& fiber) {
      return fiber.state == fiber_state::parked && std::string_view(fiber.waits_for).starts_with(what);
    });
    return static_cast<std::size_t>(waiting) == n;
  });
}

// A pipe that holds little, with hands shaken through it.
tls_pair through_a_small_pipe() {
  auto [near, far] = net::pipe({.buffer_size = 4096});
  return shake({tls::detail::transport(std::move(near)), tls::detail::transport(std::move(far))},
               default_client_context(), default_server_context());
}

FIBER_TEST(tls_stream, has_all_forms_of_reading_and_writing) {
  auto both = shake();
  EXPECT_EQ(both.client.write_some("abc"), 3u);
  const std::array<char, 2> one{'d', 'e'}, two{'f', 'g'};
  const std::array<std::span<const std::byte>, 2> out{std::as_bytes(std::span(one)), std::as_bytes(std::span(two))};
  EXPECT_EQ(both.client.write_some(out), 4u);
  both.client.write_all("hijk");
  std::array<std::byte, 2> first, second;
  const std::array<std::span<std::byte>, 2> in{first, second};
  EXPECT_EQ(both.server.read_some(in), 4u) << "what is there of two records fills both buffers";
  EXPECT_EQ(static_cast<char>(second[1]), 'd');
  std::string rest(7, '\0');
  both.server.read_exactly(rest);
  EXPECT_EQ(rest, "efghijk");
  EXPECT_EQ(both.server.read_some(std::span<char>()), 0u);
  EXPECT_EQ(both.client.write_some(""), 0u);

  both.client.write_all("short");
  both.client.shutdown_write();
  both.client.shutdown_write();  // again is no error
  std::error_code ec;
  EXPECT_EQ(both.server.read_exactly(rest, ec), 5u);
  EXPECT_EQ(ec, net::errc::end_of_stream);
  EXPECT_EQ(how_a_write_ends(both.client), std::errc::broken_pipe);
  EXPECT_EQ(how_a_read_ends(both.server), std::error_code()) << "the end stays the end";
  both.server.write_all("still there");
  std::string answer(11, '\0');
  both.client.read_exactly(answer);
  EXPECT_EQ(answer, "still there");
}

FIBER_TEST(tls_stream, tells_an_end_that_the_peer_has_not_said) {
  for (const auto what : {below::pipe, below::tcp}) {
    auto [near, far] = connected_below(what);
    near.socket = -1;  // so that close() says no goodbye
    auto both = shake({std::move(near), std::move(far)}, default_client_context(), default_server_context());
    both.server.write_all("x");
    char heard[1];  // and the tickets before it: a socket that is closed with bytes unread resets the connection
    both.client.read_exactly(heard);
    both.client.write_all("cut");
    both.client.close();
    std::string got(3, '\0');
    both.server.read_exactly(got);
    EXPECT_EQ(how_a_read_ends(both.server), tls::errc::truncated);
  }
}

FIBER_TEST(tls_stream, says_goodbye_when_a_socket_is_closed) {
  auto both = shake(below::tcp);
  both.client.write_all("bye");
  both.client = {};
  std::string got(3, '\0');
  both.server.read_exactly(got);
  char more[1];
  EXPECT_EQ(both.server.read_some(more), 0u);
}

void expect_carried(tls::stream& from, tls::stream& to, unsigned seed, std::size_t size) {
  auto writing = spawn([&] {
    from.write_all(numbered(size, seed));
    from.shutdown_write();
  });
  std::string got(size, '\0');
  to.read_exactly(got);
  EXPECT_TRUE(got == numbered(size, seed));
  char more[1];
  EXPECT_EQ(to.read_some(more), 0u);
  writing.join();
}

FIBER_TEST(tls_stream, carries_a_megabyte_both_ways_at_once) {
  for (const auto what : {below::pipe, below::tcp}) {
    auto both = shake(what);
    auto there = spawn([&] { expect_carried(both.client, both.server, 1, 1 << 20); });
    expect_carried(both.server, both.client, 2, 1 << 20);
    there.join();
  }
}

FIBER_TEST(tls_stream, loses_nothing_if_the_system_takes_and_gives_little_at_a_time) {
  const fault_injection faults({.seed = 7, .interrupted = 100, .short_transfer = 700});
  auto both = shake(below::tcp);
  auto there = spawn([&] { expect_carried(both.client, both.server, 1, 100'000); });
  expect_carried(both.server, both.client, 2, 100'000);
  there.join();
  EXPECT_GT(faults.injected(net::detail::fault::short_transfer), 0u);
}

// --- Turns.

FIBER_TEST(tls_stream, lets_readers_and_writers_take_turns) {
  auto both = through_a_small_pipe();
  std::vector<join_handle<void>> writers;
  for (const char letter : {'a', 'b', 'c'})
    writers.push_back(spawn([&, letter] { both.client.write_all(std::string(20'000, letter)); }));
  std::string all(60'000, '\0');
  auto reading = spawn([&] { both.server.read_exactly(std::span(all).first(30'000)); });
  reading.join();
  both.server.read_exactly(std::span(all).subspan(30'000));
  for (auto& each : writers) each.join();
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(all.find_first_not_of(all[i * 20'000], i * 20'000), i == 2 ? std::string::npos : (i + 1) * 20'000)
        << "a write_all keeps its turn to the end";
}

FIBER_TEST(tls_stream, close_wakes_who_reads_writes_and_waits_for_a_turn) {
  auto both = through_a_small_pipe();
  std::vector<join_handle<std::error_code>> calls;
  for (int i = 0; i < 2; ++i) {
    calls.push_back(spawn([&] { return how_a_read_ends(both.client); }));
    calls.push_back(spawn([&] { return how_a_write_ends(both.client, 1 << 20); }));
  }
  await_waiting(1, "pipe read");
  await_waiting(1, "pipe write");
  await_waiting(2, "tls turn");
  both.client.close();
  for (auto& each : calls) EXPECT_EQ(each.join(), std::errc::operation_canceled);
  EXPECT_EQ(how_a_read_ends(both.client), std::errc::bad_file_descriptor);
  EXPECT_EQ(how_a_write_ends(both.client), std::errc::bad_file_descriptor);
  EXPECT_FALSE(both.client.is_open());
  std::error_code ec;
  both.client.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  both.client.set_deadline(1s);  // nothing, on a stream that is closed
  both.client.set_read_deadline(1s, ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(tls_stream, a_stream_that_goes_ends_the_calls_in_it) {
  auto both = shake();
  auto* const going = new tls::stream(std::move(both.client));
  auto reading = spawn([going] { return how_a_read_ends(*going); });
  await_waiting(1, "pipe read");
  delete going;
  EXPECT_EQ(reading.join(), std::errc::operation_canceled);
  EXPECT_EQ(how_a_read_ends(both.client), std::errc::bad_file_descriptor) << "moved from";
}

// --- Time.

FIBER_TEST(tls_stream, deadlines_end_waits_in_progress_and_calls_to_come) {
  auto both = through_a_small_pipe();
  std::vector<join_handle<std::error_code>> calls;
  for (int i = 0; i < 2; ++i) {
    calls.push_back(spawn([&] { return how_a_read_ends(both.client); }));
    calls.push_back(spawn([&] { return how_a_write_ends(both.client, 1 << 20); }));
  }
  await_waiting(1, "pipe read");
  await_waiting(1, "pipe write");
  await_waiting(2, "tls turn");
  both.client.set_deadline(0s);
  for (auto& each : calls) EXPECT_EQ(each.join(), std::errc::timed_out);
  both.server.write_all("there");
  EXPECT_EQ(how_a_read_ends(both.client), std::errc::timed_out) << "also if there is something to read";
  both.client.set_deadline(tls::stream::time_point::max());
  std::string got(5, '\0');
  both.client.read_exactly(got);
  EXPECT_EQ(got, "there");
}

// What was taken is sent by whoever writes next, in order and whole.
FIBER_TEST(tls_stream, a_write_that_ended_early_is_finished_by_the_next) {
  auto both = through_a_small_pipe();
  const std::string text = numbered(50'000, 5);
  std::error_code ec;
  both.client.set_write_deadline(1ms);
  const std::size_t taken = both.client.write_all(text, ec);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_EQ(taken, text.size()) << "of the size of one piece";
  both.client.set_write_deadline(tls::stream::time_point::max());

  auto cancelled_write = spawn([&] { both.client.write_all(text); });
  await_waiting(1, "pipe write");
  cancelled_write.request_stop();
  expect_error(std::errc::operation_canceled, [&] { cancelled_write.join(); });

  auto ending = spawn([&] { both.client.shutdown_write(); });
  std::string got(text.size(), '\0');
  both.server.read_exactly(got);
  EXPECT_TRUE(got == text);
  char more[1];
  EXPECT_EQ(both.server.read_some(more), 0u);
  ending.join();
}

// --- What a reader must say, and a writer must hear.

void ask_for_new_keys(tls::detail::connection& of) {
  of.look([](SSL* ssl) { EXPECT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1); });
}

FIBER_TEST(tls_stream, changes_keys_under_way) {
  auto [near, far] = net::pipe();
  std::error_code ec;
  auto client = std::make_shared<tls::detail::connection>(net::any_stream(std::move(near)), -1,
                                                          default_client_context().core(), "a.test");
  tls::stream server;
  auto accepting = spawn([&] { server = tls::accept(std::move(far), default_server_context()); });
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
      both.client.set_deadline(0s);
    EXPECT_EQ(writing.join(), is_closed ? std::errc::operation_canceled : std::errc::timed_out);
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
