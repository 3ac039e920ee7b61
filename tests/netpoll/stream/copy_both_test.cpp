// Room: tests of netpoll. copy_both: both directions of a proxy, their ends, and the end of both by the first error.

#include <weft/netpoll/copy.hpp>

#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;
using namespace std::chrono_literals;

// A client, a server, and between them who copies.
struct proxied {
  tcp_stream client, outside, inside, server;
};

proxied between() {
  auto [client, outside] = connect();
  auto [inside, server] = connect();
  return {std::move(client), std::move(outside), std::move(inside), std::move(server)};
}

FIBER_TEST(copy_both, passes_bytes_and_ends_in_both_directions) {
  proxied all = between();
  auto proxy = spawn([&all] { return net::copy_both(all.outside, all.inside); });
  auto serving = spawn([&all] {
    while (const auto got = all.server.read_chunk()) all.server.write_all(got);
    all.server.write_all("bye");
    all.server.shutdown_write();
  });
  const auto sent = pattern(1'000'000, 29);
  auto writer = spawn([&] {
    all.client.write_all(sent);
    all.client.shutdown_write();
  });
  std::vector<unsigned char> back;
  while (const auto got = all.client.read_chunk()) {
    const auto* const data = reinterpret_cast<const unsigned char*>(got.data());
    back.insert(back.end(), data, data + got.size());
  }
  ASSERT_EQ(back.size(), sent.size() + 3);
  EXPECT_EQ(std::memcmp(back.data(), sent.data(), sent.size()), 0);
  const auto [forth, home] = proxy.join();
  EXPECT_EQ(forth, sent.size());
  EXPECT_EQ(home, sent.size() + 3);
  EXPECT_TRUE(all.outside.is_open() && all.inside.is_open());
  writer.join();
  serving.join();
}

FIBER_TEST(copy_both, ends_both_directions_with_the_first_error) {
  const auto error_by = [](auto end) {
    proxied all = between();
    auto proxy = spawn([&all] {
      std::error_code ec;
      const auto [forth, back] = net::copy_both(all.outside, all.inside, ec);
      EXPECT_EQ(forth, 5u);
      EXPECT_EQ(back, 0u);
      return ec;
    });
    all.client.write_all("hello");
    char got[5];
    all.server.read_exactly(got);
    await_parked(2, "tcp read");
    end(all);
    return proxy.join();
  };
  EXPECT_EQ(error_by([](proxied& all) {
              reset_on_close(all.server.native_handle());
              all.server.close();
            }),
            std::errc::connection_reset);
  EXPECT_EQ(error_by([](proxied& all) { all.inside.set_read_deadline(0s); }), std::errc::timed_out);
  EXPECT_EQ(error_by([](proxied& all) { all.outside.close(); }), std::errc::operation_canceled);
}

FIBER_TEST(copy_both, ends_when_its_caller_is_cancelled) {
  proxied all = between();
  auto proxy = spawn([&all] { net::copy_both(all.outside, all.inside); });
  await_parked(2, "tcp read");
  proxy.request_stop();
  expect_error(std::errc::operation_canceled, [&] { proxy.join(); });
  all.outside.write_all("still open");
  char got[10];
  all.client.read_exactly(got);
}

FIBER_TEST(copy_both, says_which_call_failed) {
  tcp_stream none;
  auto [near, far] = net::pipe();
  try {
    net::copy_both(none, near);
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::bad_file_descriptor);
    EXPECT_NE(std::string_view(e.what()).find("copy_both"), std::string_view::npos) << e.what();
  }
}

}  // namespace
}  // namespace weft::testing
