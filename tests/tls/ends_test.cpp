// Room: tests of tls. Connections that end in every way and at any time: no call hangs, and nothing is left.

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/copy.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/tls.hpp>

#include "faults.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// Until something ends it, which is as it should be.
void write_on(tls::stream& to) {
  const std::string text(5000, 'w');
  std::error_code ec;
  while (!ec) to.write_all(text, ec);
}

void read_on(tls::stream& from) {
  std::array<char, 3000> buf;
  std::error_code ec;
  while (from.read_some(buf, ec) > 0) continue;
}

void end_somehow(std::uint64_t how, tls_pair& both, task_group& calls) {
  for (std::uint64_t turns = how / 64 % 6; turns > 0; --turns) this_fiber::yield();
  std::error_code ec;
  tls::stream& either = how % 2 == 0 ? both.client : both.server;
  switch (how / 2 % 5) {
    case 0: either.close(); break;
    case 1: either.set_deadline(0s, ec); break;
    case 2: either.set_read_deadline(0s, ec), either.set_write_deadline(1ms, ec); break;
    case 3: either.shutdown_write(ec), either.set_read_deadline(1ms, ec); break;
    default: calls.cancel(); break;
  }
  // Whoever is not reached by that hears of the end of the other side.
  both.client.set_deadline(1ms, ec);
  both.server.set_deadline(1ms, ec);
}

void live_and_end(std::uint64_t how) {
  auto both = shake(how % 3 == 0 ? below::tcp : below::pipe);
  if (both.client_error || both.server_error) return;  // by a fault that was injected
  task_group calls;
  for (auto* each : {&both.client, &both.server}) {
    calls.go([each] { write_on(*each); });
    calls.go([each] { read_on(*each); });
  }
  end_somehow(how, both, calls);
  try {
    calls.wait();
  } catch (const std::system_error&) {  // it was cancelled
  }
}

FIBER_TEST(tls_ends, come_in_every_way_and_leave_nothing) {
  std::mt19937_64 random(seed_of_this_test());
  for (int i = 0; i < 12; ++i) live_and_end(random());
}

FIBER_TEST(tls_ends, come_with_resets_too) {
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .interrupted = 50, .short_transfer = 300, .reset = 20});
  std::mt19937_64 random(seed_of_this_test());
  for (int i = 0; i < 6; ++i) live_and_end(random() / 3 * 3);
}

// To say an end is to write, here. Who cannot do that must leave neither his peer nor the other direction waiting.
FIBER_TEST(tls_ends, that_cannot_be_passed_on_end_a_copy_of_both_directions) {
  tls_pair outside = shake();
  auto [inside, server] = net::pipe();
  outside.server.set_write_deadline(0s);
  server.shutdown_write();
  std::error_code ec;
  const auto [forth, back] = net::copy_both(outside.server, inside, ec);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_EQ(forth + back, 0u);
}

}  // namespace
}  // namespace weft::testing
