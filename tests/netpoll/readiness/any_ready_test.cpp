// Room: tests of netpoll. "Any of several": no event is lost, and a wait ends by one of them, by its time, or by
// cancellation.

#include <any_ready.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <direction_use.hpp>
#include <socket_calls.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::detail::descriptor_block;
using net::detail::direction;
using net::detail::readiness;
using net::detail::unique_fd;
using namespace std::chrono_literals;

// Connected pairs: we watch the near ends.
struct watched_pairs {
  std::vector<net::detail::descriptor> near;
  std::vector<descriptor_block*> blocks;
  std::vector<unique_fd> far;

  explicit watched_pairs(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      int pair[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
      unique_fd mine(pair[0]);
      std::error_code ec;
      near.push_back(net::detail::watch_descriptor(mine, true, ec));
      if (ec) std::abort();
      blocks.push_back(near.back().block());
      far.emplace_back(pair[1]);
    }
  }

  // What has come to those that are ready; those that are not are left alone.
  std::size_t take_what_is_there() {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      readiness& word = blocks[i]->readiness_of(direction::read);
      const auto seen = word.prepare();
      if (!readiness::is_ready(seen)) continue;
      std::byte buffer[64];
      const auto got = net::detail::receive(near[i].native_handle(), buffer);
      taken += got.count;
      if (got.would_block) static_cast<void>(word.clear(seen));
    }
    return taken;
  }

  void drain() {
    for (auto* each : blocks)
      static_cast<void>(each->readiness_of(direction::read).clear(each->readiness_of(direction::read).prepare()));
  }

  void await_any(deadline until = deadline::never()) {
    net::detail::await_any_ready(blocks, direction::read, until, "any of several");
  }
};

FIBER_TEST(any_ready, loses_no_event_whichever_descriptor_it_is_of) {
  constexpr std::size_t k_pairs = 5;
  constexpr std::size_t k_bytes = 400;
  watched_pairs pairs(k_pairs);
  std::vector<join_handle<void>> writers;
  for (std::size_t writer = 0; writer < 2; ++writer) {
    writers.push_back(spawn([&pairs, writer] {
      std::minstd_rand random(static_cast<unsigned>(seed_of_this_test() + writer));
      for (std::size_t i = 0; i < k_bytes; ++i) {
        const std::byte byte{1};
        EXPECT_EQ(::send(pairs.far[random() % k_pairs].get(), &byte, 1, MSG_NOSIGNAL), 1);
        if (random() % 4 == 0) this_fiber::yield();
      }
    }));
  }
  for (std::size_t taken = 0; taken < 2 * k_bytes;) {
    const std::size_t now = pairs.take_what_is_there();
    if (now == 0) pairs.await_any();
    taken += now;
  }
  for (auto& each : writers) each.join();
}

FIBER_TEST(any_ready, ends_by_its_time_and_by_cancellation) {
  watched_pairs pairs(3);
  pairs.drain();
  pairs.await_any(deadline::after(detail::now(), 1ms));
  EXPECT_THROW(with_timeout(1ms, [&] { pairs.await_any(); }), timed_out);
  auto waits = spawn([&] { pairs.await_any(); });
  await_parked(1, "any of several");
  waits.request_stop();
  expect_error(std::errc::operation_canceled, [&] { waits.join(); });
}

FIBER_TEST(any_ready, does_not_wait_if_one_is_ready_or_closed) {
  watched_pairs pairs(3);
  pairs.drain();
  static_cast<void>(pairs.blocks[2]->readiness_of(direction::read).set_ready(false));
  pairs.await_any();
  pairs.drain();
  pairs.near[1].close();
  pairs.await_any();
}

}  // namespace
}  // namespace weft::testing
