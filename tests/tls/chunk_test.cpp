// Room: tests of tls. read_chunk and writes of several buffers: no buffer while nothing is there, few records.

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/chunk.hpp>
#include <weft/runtime/trim.hpp>
#include <weft/tls.hpp>

#include "buffer_pool.hpp"
#include "faults.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using net::chunk;
using net::detail::chunk_buffers;
using namespace std::chrono_literals;

const char* reading_below(below what) { return what == below::pipe ? "pipe read" : "tcp read"; }

FIBER_TEST(tls_chunk, an_idle_connection_holds_no_buffer) {
  for (const auto what : {below::pipe, below::tcp}) {
    auto both = shake(what);
    for (const std::string_view text : {"x", "y"}) {
      auto reader = spawn([&] { return both.server.read_chunk(); });
      await_waiting(1, reading_below(what));
      EXPECT_EQ(chunk_buffers.lent(), 0u) << "before " << text;
      both.client.write_all(text);
      const chunk got = reader.join();
      EXPECT_EQ(got.text(), text);
      EXPECT_EQ(chunk_buffers.lent(), 1u) << "that of ciphertext has gone back";
    }
    auto plain_reader = spawn([&] { return how_a_read_ends(both.server); });
    await_waiting(1, reading_below(what));
    EXPECT_EQ(chunk_buffers.lent(), 0u) << "a read into a buffer of its own borrows none either";
    both.client.write_all("z");
    EXPECT_EQ(plain_reader.join(), std::error_code());
    both.client.shutdown_write();
    EXPECT_TRUE(both.server.read_chunk().empty());
    EXPECT_TRUE(both.server.read_chunk().empty()) << "the end stays the end";
    EXPECT_EQ(chunk_buffers.lent(), 0u);
  }
}

std::error_code how_a_chunk_ends(tls::stream& s) {
  std::error_code ec;
  EXPECT_TRUE(s.read_chunk(ec).empty());
  return ec;
}

FIBER_TEST(tls_chunk, waits_by_the_contract_of_every_read) {
  auto both = shake();
  auto reader = spawn([&] { return how_a_chunk_ends(both.server); });
  await_waiting(1, "pipe read");
  both.server.set_read_deadline(0s);
  EXPECT_EQ(reader.join(), std::errc::timed_out);
  both.server.set_read_deadline(tls::stream::time_point::max());

  auto asked_to_end = spawn([&] { (void)both.server.read_chunk(); });
  await_waiting(1, "pipe read");
  asked_to_end.request_stop();
  expect_error(std::errc::operation_canceled, [&] { asked_to_end.join(); });
  both.client.write_all("goes on");
  EXPECT_EQ(both.server.read_chunk().text(), "goes on");

  reader = spawn([&] { return how_a_chunk_ends(both.server); });
  await_waiting(1, "pipe read");
  both.server.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
  EXPECT_EQ(how_a_chunk_ends(both.server), std::errc::bad_file_descriptor);
  tls::stream none;
  EXPECT_EQ(how_a_chunk_ends(none), std::errc::bad_file_descriptor);
  both.client.close();
  EXPECT_EQ(chunk_buffers.lent(), 0u);
}

FIBER_TEST(tls_chunk, without_memory_says_so_and_no_byte_is_lost) {
  auto both = shake();
  for (const bool has_one : {false, true}) {  // of the two buffers that a read needs
    both.client.write_all("kept");
    trim();
    if (has_one) {
      std::error_code ec;
      EXPECT_TRUE(net::detail::borrow_buffer(ec) != nullptr);
    }
    {
      const net::detail::fault_injection faults({.seed = 1, .exhausted = 1024});
      EXPECT_EQ(how_a_chunk_ends(both.server), std::errc::not_enough_memory) << has_one;
      // That of the ciphertext, which is kept, has come back.
      if (has_one) {
        EXPECT_EQ(both.server.read_chunk().text(), "kept");
        continue;
      }
    }
    EXPECT_EQ(both.server.read_chunk().text(), "kept");
  }
}

// --- Several buffers.

using sizes = std::vector<std::size_t>;

struct gathered {
  sizes buffers;
  sizes records;  // of plain bytes
};

constexpr std::size_t k_whole = 16 * 1024;

const std::vector<gathered>& gathered_writes() {
  static const std::vector<gathered> all = {
      {{100, 0, 50}, {150}},                             // a head and a body
      {{100, 20'000, 50}, {k_whole, 20'150 - k_whole}},  // a large body begins beside its head
      {{k_whole, 7}, {k_whole, 7}},
      {{k_whole + 3, 7, 1}, {k_whole, 11}},
      {{5 * k_whole + 3, 4}, {k_whole, k_whole, k_whole, k_whole, k_whole, 7}},
      {sizes(40, 1000), {k_whole, k_whole, 40'000 - 2 * k_whole}},
      {{0, 0}, {}},
  };
  return all;
}

std::string made_of(const sizes& buffers) {
  std::string text;
  for (std::size_t each : buffers)
    while (each-- != 0) text += static_cast<char>(text.size() * 7 + text.size() / 256);
  return text;
}

// Writes `text` by one call, cut into `buffers`.
void write_cut(tls::stream& to, std::string_view text, const sizes& buffers) {
  std::vector<std::span<const std::byte>> cut;
  for (const std::size_t size : buffers) {
    cut.push_back(std::as_bytes(std::span(text.substr(0, size))));
    text.remove_prefix(size);
  }
  to.write_all(std::span<const std::span<const std::byte>>(cut));
}

FIBER_TEST(tls_write_all, of_several_buffers_is_what_they_hold_in_order) {
  auto both = shake();
  for (const auto& [buffers, records] : gathered_writes()) {
    const std::string text = made_of(buffers);
    auto writing = spawn([&, &buffers = buffers] { write_cut(both.client, text, buffers); });
    std::string got(text.size(), '\0');
    both.server.read_exactly(got);
    EXPECT_TRUE(got == text) << buffers.size() << " buffers, " << text.size() << " bytes";
    writing.join();
  }
  EXPECT_EQ(chunk_buffers.lent(), 0u);
}

// The plain bytes of the next record of TLS 1.3, by its head.
std::size_t next_record(net::pipe_stream& wire) {
  constexpr std::size_t k_beside = 17;  // the true kind, and what authenticates it
  std::array<unsigned char, 5> head;
  wire.read_exactly(head);
  EXPECT_EQ(head[0], 23u) << "application data";
  std::string body(std::size_t{head[3]} << 8 | head[4], '\0');
  wire.read_exactly(body);
  return body.size() - k_beside;
}

FIBER_TEST(tls_write_all, of_several_buffers_leaves_as_few_records) {
  auto [near, far] = net::pipe();
  auto both = shake({tls::detail::transport(std::ref(near)), tls::detail::transport(std::ref(far))},
                    default_client_context(), default_server_context());
  for (const auto& [buffers, records] : gathered_writes()) {
    auto writing = spawn([&, &buffers = buffers] { write_cut(both.client, made_of(buffers), buffers); });
    for (const std::size_t expected : records) EXPECT_EQ(next_record(far), expected);
    writing.join();
  }
}

}  // namespace
}  // namespace weft::testing
