// Room: tests of netpoll. any_stream: what holds for every stream holds through it, whichever it holds.

#include <weft/netpoll/any_stream.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <support/fiber_test.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::any_stream;
using namespace std::chrono_literals;

static_assert(std::is_convertible_v<net::tcp_stream, any_stream>);
static_assert(std::is_convertible_v<net::pipe_stream, any_stream>);
static_assert(!std::is_constructible_v<any_stream, net::tcp_stream&>, "what is not moved is not taken");
static_assert(!std::is_constructible_v<any_stream, any_stream&>);

// No template: it knows neither.
void echo(any_stream conn) {
  std::array<char, 64> buf;
  while (const auto n = conn.read_some(buf)) conn.write_all(std::span(buf).first(n));
}

void expect_echoed(any_stream& conn) {
  conn.write_all("hello ");
  std::array<std::byte, 2> one, two;
  one.fill(std::byte{'a'});
  two.fill(std::byte{'b'});
  const std::array<std::span<const std::byte>, 2> out{one, two};
  EXPECT_EQ(conn.write_some(out), 4u);
  EXPECT_EQ(conn.write_some("!"), 1u);
  std::string back(9, '\0');
  conn.read_exactly(back);
  EXPECT_EQ(back, "hello aab");
  conn.shutdown_write();
  std::string rest;
  std::array<std::byte, 1> first, second;
  const std::array<std::span<std::byte>, 2> in{first, second};
  while (const auto n = conn.read_some(in)) rest.append({char(first[0]), char(second[0])}, 0, n);
  EXPECT_EQ(rest, "b!");
}

FIBER_TEST(any_stream, serves_a_connection_and_a_pipe_alike) {
  auto [client, server] = connect();
  auto [near, far] = net::pipe();
  auto by_tcp = spawn([server = std::move(server)]() mutable { echo(std::move(server)); });
  auto by_pipe = spawn([far = std::move(far)]() mutable { echo(std::move(far)); });
  any_stream here = std::move(client);
  expect_echoed(here);
  here = std::move(near);
  expect_echoed(here);
  by_tcp.join();
  by_pipe.join();
}

FIBER_TEST(any_stream, has_the_deadlines_and_the_end_of_what_it_holds) {
  auto [client, server] = connect();
  any_stream here(std::move(server));
  here.set_read_deadline(0s);
  EXPECT_EQ(read_error(here), std::errc::timed_out);
  here.set_deadline(any_stream::time_point::max());
  auto reader = spawn([&here] { return read_error(here); });
  await_parked(1, "tcp read");
  here.close();
  EXPECT_EQ(reader.join(), std::errc::operation_canceled);
  EXPECT_FALSE(here.is_open());
  here.set_deadline(1s);
  std::error_code ec;
  here.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(any_stream, that_refers_leaves_the_stream_open) {
  auto [near, far] = net::pipe();
  {
    any_stream there(std::ref(near));
    there.write_all("x");
  }
  char got[1];
  EXPECT_EQ(far.read_some(got), 1u);
  EXPECT_TRUE(near.is_open());
  any_stream(std::ref(near)).close();
  EXPECT_FALSE(near.is_open());
}

FIBER_TEST(any_stream, without_a_stream_says_so) {
  any_stream none;
  EXPECT_FALSE(none.is_open());
  EXPECT_EQ(read_error(none), std::errc::bad_file_descriptor);
  EXPECT_EQ(write_error(none), std::errc::bad_file_descriptor);
  EXPECT_NO_THROW(none.set_deadline(1s));
  none.close();
  try {
    none.shutdown_write();
    ADD_FAILURE() << "of no stream";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::bad_file_descriptor);
    EXPECT_NE(std::string_view(e.what()).find("any_stream::shutdown_write"), std::string_view::npos) << e.what();
  }
}

}  // namespace
}  // namespace weft::testing
