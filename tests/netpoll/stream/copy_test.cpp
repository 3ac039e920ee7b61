// Room: tests of netpoll. copy: every byte once and in order, whichever way it goes; ends, errors and limits; and what
// a copy that waits, or failed, has left behind.

#include <weft/netpoll/copy.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/buffered_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/trim.hpp>

#include "buffer_pool.hpp"
#include "faults.hpp"
#include "net_support.hpp"
#include "splicing.hpp"

namespace weft::testing {
namespace {

using net::any_stream;
using net::detail::chunk_buffers;
using net::detail::fault_injection;
using net::detail::k_has_splice;
using net::detail::pipes_at_rest;
using namespace std::chrono_literals;

using bytes = std::vector<unsigned char>;

constexpr std::size_t k_bulk = 1'000'000;

bytes read_all(any_stream& from) {
  bytes got;
  while (const auto next = from.read_chunk()) {
    const auto* const data = reinterpret_cast<const unsigned char*>(next.data());
    got.insert(got.end(), data, data + next.size());
  }
  return got;
}

// What is copied comes in at `source`, and out at `sink`; `from` and `to` are what copy gets.
struct route {
  any_stream source, from, to, sink;
};

route tcp_route() {
  auto [source, from] = connect();
  auto [to, sink] = connect();
  return {std::move(source), std::move(from), std::move(to), std::move(sink)};
}

template <class Test>
void for_each_route(Test test) {
  test(tcp_route(), true);
  {
    auto [source, from] = net::pipe();
    auto [to, sink] = connect();
    test(route{std::move(source), std::move(from), std::move(to), std::move(sink)}, false);
  }
  {
    auto [source, from] = connect();
    auto [to, sink] = net::pipe();
    test(route{std::move(source), net::buffered_stream(std::move(from)), std::move(to), std::move(sink)}, false);
  }
}

FIBER_TEST(copy, brings_every_byte_once_and_leaves_the_sink_open) {
  for_each_route([](route way, bool is_spliced) {
    trim();
    const bytes sent = pattern(k_bulk, 3);
    auto writer = spawn([&] {
      way.source.write_all(sent);
      way.source.shutdown_write();
    });
    auto reader = spawn([&] { return read_all(way.sink); });
    EXPECT_EQ(net::copy(way.from, way.to), sent.size());
    way.to.write_all("trailer");
    way.to.shutdown_write();
    writer.join();
    bytes got = reader.join();
    ASSERT_EQ(got.size(), sent.size() + 7);
    EXPECT_EQ(std::memcmp(got.data(), sent.data(), sent.size()), 0);
    EXPECT_EQ(std::string(got.end() - 7, got.end()), "trailer");
    EXPECT_EQ(pipes_at_rest() != 0, k_has_splice && is_spliced) << "bulk between sockets does not pass through here";
    EXPECT_EQ(chunk_buffers.lent(), 0u);
  });
}

FIBER_TEST(copy, begins_with_what_was_read_ahead) {
  auto [source, from] = connect();
  auto [to, sink] = connect();
  source.write_all("CONNECT x\nfirst ");
  net::buffered_stream in(std::move(from));
  EXPECT_EQ(in.read_line(), "CONNECT x");
  EXPECT_EQ(in.buffered(), 6u);
  auto copied = spawn([&in, &to = to] { return net::copy(in, to); });
  await_parked(1, "tcp read");
  source.write_all("last");
  source.shutdown_write();
  EXPECT_EQ(copied.join(), 10u);
  char got[10];
  sink.read_exactly(got);
  EXPECT_EQ(std::string_view(got, 10), "first last");
}

// Lets a copy come to bulk, so that it waits for its source where it splices.
void come_to_bulk(route& way) {
  auto reader = spawn([&way] { way.sink.read_exactly(bytes(k_bulk)); });
  way.source.write_all(pattern(k_bulk, 5));
  reader.join();
}

// One copy is under way; whether it splices just now is a matter of what came last.
void await_copy_waiting() {
  wait_until([] {
    const process_snapshot now = snapshot();
    return std::any_of(now.fibers.begin(), now.fibers.end(), [](const fiber_info& fiber) {
      return fiber.state == fiber_state::parked && (fiber.waits_for == "copy read" || fiber.waits_for == "tcp read");
    });
  });
}

FIBER_TEST(copy, that_waits_for_its_source_has_neither_buffer_nor_pipe) {
  trim();
  route way = tcp_route();
  auto copied = spawn([&way] { return net::copy(way.from, way.to); });
  come_to_bulk(way);
  await_copy_waiting();
  EXPECT_EQ(chunk_buffers.lent(), 0u);
  EXPECT_EQ(pipes_at_rest(), k_has_splice ? 1u : 0u) << "given back";
  way.source.close();
  EXPECT_EQ(copied.join(), k_bulk);
}

struct ended_copy {
  std::uint64_t copied = 0;
  std::error_code error;
};

template <class End>
ended_copy end_early(route& way, End end) {
  auto copying = spawn([&way] {
    ended_copy how;
    how.copied = net::copy(way.from, way.to, how.error);
    return how;
  });
  come_to_bulk(way);
  await_copy_waiting();
  end();
  return copying.join();
}

FIBER_TEST(copy, that_waits_for_its_source_ends_by_deadline_and_close) {
  {
    route way = tcp_route();
    const auto [copied, error] = end_early(way, [&way] { way.from.set_read_deadline(0s); });
    EXPECT_EQ(error, std::errc::timed_out);
    EXPECT_EQ(copied, k_bulk);
  }
  {
    route way = tcp_route();
    const auto [copied, error] = end_early(way, [&way] { way.from.close(); });
    EXPECT_EQ(error, std::errc::operation_canceled);
    EXPECT_EQ(copied, k_bulk);
    expect_error(std::errc::bad_file_descriptor, [&way] { net::copy(way.from, way.to); });
  }
  {
    route way = tcp_route();
    const auto [copied, error] = end_early(way, [&way] {
      way.to.close();
      way.source.write_all("x");
    });
    EXPECT_EQ(error, std::errc::operation_canceled) << "at the next byte";
  }
}

// Nobody reads: the copy fills all buffers on the way, and waits to write with a full pipe.
template <class End>
ended_copy end_while_it_writes(End end) {
  auto [source, from] = connect();
  auto [to, sink] = connect();
  to.set_send_buffer(65536);
  sink.set_receive_buffer(65536);
  route way = {std::move(source), std::move(from), std::move(to), std::move(sink)};
  auto copying = spawn([&way] {
    ended_copy how;
    how.copied = net::copy(way.from, way.to, how.error);
    return how;
  });
  std::error_code ignored;
  auto writer = spawn([&way, &ignored] {
    const bytes sent = pattern(k_bulk, 11);
    while (!ignored) way.source.write_all(sent, ignored);
  });
  if (k_has_splice) {
    await_parked(1, "copy write");
  } else {
    await_parked(2, "tcp write");  // the copy, and who fills it
  }
  end(way, copying);
  auto how = ended_copy();
  try {
    how = copying.join();
  } catch (const std::system_error& e) {
    how.error = e.code();
  }
  way.source.close();
  writer.join();
  return how;
}

// As many pieces as were left in a pipe would come out here.
void expect_a_clean_copy() {
  route way = tcp_route();
  const bytes sent = pattern(100'000, 13);
  auto reader = spawn([&way] { return read_all(way.sink); });
  auto writer = spawn([&] {
    way.source.write_all(sent);
    way.source.shutdown_write();
  });
  EXPECT_EQ(net::copy(way.from, way.to), sent.size());
  way.to.close();
  EXPECT_TRUE(reader.join() == sent) << "bytes of another copy";
  writer.join();
}

FIBER_TEST(copy, that_waits_to_write_ends_by_all_that_ends_a_write_and_leaves_no_byte_behind) {
  EXPECT_EQ(end_while_it_writes([](route& way, auto&) { way.to.set_write_deadline(0s); }).error, std::errc::timed_out);
  expect_a_clean_copy();
  EXPECT_EQ(end_while_it_writes([](route& way, auto&) { way.to.close(); }).error, std::errc::operation_canceled);
  expect_a_clean_copy();
  EXPECT_EQ(end_while_it_writes([](route&, auto& copying) { copying.request_stop(); }).error,
            std::errc::operation_canceled);
  expect_a_clean_copy();
  // With bytes unread its end is a reset; the next write would raise SIGPIPE, which ends the process.
  const auto broken = end_while_it_writes([](route& way, auto&) { way.sink.close(); });
  EXPECT_TRUE(broken.error == std::errc::connection_reset || broken.error == std::errc::broken_pipe) << broken.error;
  EXPECT_GT(broken.copied, 0u);
  expect_a_clean_copy();
  EXPECT_EQ(chunk_buffers.lent(), 0u);
}

FIBER_TEST(copy, is_whole_though_calls_are_interrupted_and_cut_short) {
  const fault_injection faults({.seed = seed_of_this_test(), .interrupted = 100, .short_transfer = 300});
  for_each_route([](route way, bool) {
    const bytes sent = pattern(300'000, 17);
    auto writer = spawn([&] {
      way.source.write_all(sent);
      way.source.shutdown_write();
    });
    auto reader = spawn([&] { return read_all(way.sink); });
    EXPECT_EQ(net::copy(way.from, way.to), sent.size());
    way.to.shutdown_write();
    writer.join();
    EXPECT_TRUE(reader.join() == sent);
  });
}

FIBER_TEST(copy, of_connections_that_break_says_so_and_counts_what_was_written) {
  for (std::uint64_t round = 0; round < 8; ++round) {
    route way = tcp_route();
    const bytes sent = pattern(300'000, 19);
    const fault_injection faults({.seed = seed_of_this_test() + round, .interrupted = 50, .reset = 60});
    auto writer = spawn([&] {
      std::error_code ec;
      way.source.write_all(sent, ec);
      way.source.shutdown_write(ec);
    });
    auto reader = spawn([&] {
      std::error_code ec;
      std::size_t n = 0;
      while (const auto got = way.sink.read_chunk(ec)) {
        EXPECT_EQ(std::memcmp(got.data(), sent.data() + n, got.size()), 0);
        n += got.size();
      }
      return n;
    });
    std::error_code ec;
    const std::uint64_t copied = net::copy(way.from, way.to, ec);
    way.from.close();
    way.to.close();
    writer.join();
    EXPECT_LE(reader.join(), copied);
    EXPECT_TRUE(ec || copied <= sent.size());
  }
  expect_a_clean_copy();
}

FIBER_TEST(copy, without_descriptors_for_a_pipe_goes_through_buffers) {
  route way = tcp_route();
  const bytes sent = pattern(k_bulk, 23);
  trim();
  auto reader = spawn([&way] { return read_all(way.sink); });
  auto writer = spawn([&] {
    way.source.write_all(sent);
    way.source.shutdown_write();
  });
  for (int kept = 0; kept < 4; ++kept)  // enough buffers, for the faults are those of memory, too
    chunk_buffers.give_back(chunk_buffers.take());
  std::vector<std::byte*> warm(4);
  for (auto& each : warm) each = chunk_buffers.take();
  for (std::byte* const each : warm) chunk_buffers.give_back(each);
  {
    const fault_injection faults({.seed = 1, .exhausted = 1024});
    EXPECT_EQ(net::copy(way.from, way.to), sent.size());
  }
  EXPECT_EQ(pipes_at_rest(), 0u);
  way.to.close();
  EXPECT_TRUE(reader.join() == sent);
  writer.join();
}

}  // namespace
}  // namespace weft::testing
