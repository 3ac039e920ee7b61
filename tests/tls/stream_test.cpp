// Room: tests of tls. What a stream promises, once hands are shaken.

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/tls.hpp>

#include "faults.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using net::detail::fault_injection;

std::string numbered(std::size_t size, unsigned from) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 255 + from) & 0xff);
  return text;
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
  auto ends_early = spawn([&] { return both.client.write_all(text, ec); });
  await_waiting(1, "pipe write");
  both.client.set_write_deadline(0s);
  EXPECT_EQ(ends_early.join(), text.size()) << "taken: of the size of one piece";
  EXPECT_EQ(ec, std::errc::timed_out);
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

}  // namespace
}  // namespace weft::testing
