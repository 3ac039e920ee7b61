// Room: tests of netpoll. The whole room under injected faults, drawn from the test's seed: no byte is lost or doubled,
// and every failure is one that the caller sees.

#include <faults.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::tcp_stream;
using net::detail::fault;
using net::detail::fault_injection;

FIBER_TEST(faults, interruptions_and_short_transfers_lose_no_byte) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  const fault_injection faults({.seed = seed_of_this_test(), .interrupted = 100, .short_transfer = 400});
  std::vector<join_handle<bool>> clients;
  for (std::uint64_t i = 0; i < 16; ++i) {
    clients.push_back(spawn([&listener, i] {
      auto conn = net::dial(listener.local_address());
      shrink_buffers(conn.native_handle());
      const auto sent = pattern(50'000, i);
      auto writer = spawn([&] { conn.write_all(sent); });
      std::vector<unsigned char> got(sent.size());
      conn.read_exactly(got);
      writer.join();
      return got == sent;
    }));
  }
  for (auto& each : clients) EXPECT_TRUE(each.join());
  EXPECT_GT(faults.injected(fault::interrupted), 0u);
  EXPECT_GT(faults.injected(fault::short_transfer), 0u);
  listener.close();
  server.join();
}

FIBER_TEST(faults, the_same_seed_draws_the_same_faults) {
  const auto draw = [](std::uint64_t seed) {
    const fault_injection faults({.seed = seed, .reset = 300});
    std::vector<bool> drawn;
    for (int i = 0; i < 200; ++i) drawn.push_back(net::detail::is_faulty(fault::reset));
    return drawn;
  };
  const auto first = draw(seed_of_this_test());
  EXPECT_EQ(first, draw(seed_of_this_test()));
  EXPECT_NE(first, draw(seed_of_this_test() + 1));
  EXPECT_FALSE(net::detail::is_faulty(fault::reset)) << "off, and still at it";
}

// Everything at once. Connections may fail, and say so; a conversation that does not fail is whole.
FIBER_TEST(faults, all_kinds_at_once) {
  auto listener = net::listen("127.0.0.1:0");
  auto server = spawn([&] { serve_echoes(listener); });
  std::atomic<int> whole{0};
  std::atomic<int> failed{0};
  {
    const fault_injection faults({.seed = seed_of_this_test(),
                                  .interrupted = 50,
                                  .short_transfer = 200,
                                  .reset = 20,
                                  .exhausted = 50,
                                  .aborted = 50,
                                  .unwatched = 50});
    std::vector<join_handle<void>> clients;
    for (std::uint64_t i = 0; i < 100; ++i) {
      clients.push_back(spawn([&, i] {
        std::error_code ec;
        auto conn = net::dial(listener.local_address(), ec);
        const auto sent = pattern(2000, i);
        std::vector<unsigned char> got(sent.size());
        if (!ec) conn.write_all(sent, ec);
        if (!ec) conn.read_exactly(got, ec);
        EXPECT_TRUE(ec || got == sent);
        ++(ec ? failed : whole);
      }));
    }
    for (auto& each : clients) each.join();
  }
  EXPECT_EQ(whole + failed, 100);
  EXPECT_GT(whole, 0);
  auto conn = net::dial(listener.local_address());
  conn.write_all("alive");
  char buf[5];
  conn.read_exactly(buf);
  listener.close();
  server.join();
}

// What a program does that closes numbers which it does not own.
TEST(faults, a_poller_whose_descriptor_was_closed_under_it_ends_the_process) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        runtime rt({.workers = 1});
        rt.run([] {
          const auto listener = net::listen("127.0.0.1:0");
          const std::filesystem::path own("/proc/self/fd");
          for (const auto& each : std::filesystem::directory_iterator(own))
            if (each.is_symlink() && read_symlink(each.path()) == "anon_inode:[eventpoll]")
              ::close(std::stoi(each.path().filename().string()));
          for (;;) this_fiber::sleep_for(std::chrono::milliseconds(1));
        });
      },
      "refuses to wait for events.*Bad file descriptor");
}

}  // namespace
}  // namespace weft::testing
