// Room: tests of netpoll. The poller: waking, deadlines, and events that come too late.

#include <descriptor_poller.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/park.hpp>

#include <direction_use.hpp>
#include <syscalls.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::detail::descriptor;
using net::detail::descriptor_block;
using net::detail::descriptor_poller;
using net::detail::direction;
using net::detail::readiness;
using weft::detail::ready_batch;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST(descriptor_poller, a_wake_before_the_poll_ends_it_and_ends_one_only) {
  const auto poller = net::detail::make_chosen_poller();
  ready_batch none;
  poller->wake();
  poller->wake();
  poller->poll(deadline::never(), none);
  const auto until = clock::now() + 3ms;
  poller->poll(deadline::at(until), none);
  EXPECT_GE(clock::now(), until) << "one wake ended two polls";
  EXPECT_EQ(none.size(), 0u);
}

TEST(descriptor_poller, a_wake_ends_a_poll_in_progress_again_and_again) {
  const auto poller = net::detail::make_chosen_poller();
  constexpr int k_rounds = 2000;
  std::atomic<int> polls{0};
  std::thread polling([&] {
    ready_batch none;
    for (int i = 0; i < k_rounds; ++i) {
      poller->poll(deadline::never(), none);
      ++polls;
    }
  });
  // Each wake ends at least one poll; if one were lost this would never end.
  for (int seen = 0; seen < k_rounds; seen = polls) {
    poller->wake();
    while (polls == seen) std::this_thread::yield();
  }
  polling.join();
}

TEST(descriptor_poller, wakes_from_many_threads_are_not_lost) {
  const auto poller = net::detail::make_chosen_poller();
  std::atomic<int> requests{0};
  std::atomic<bool> done{false};
  std::thread polling([&] {
    ready_batch none;
    int served = 0;
    while (served < 4000) {
      const int seen = requests.load();
      if (seen == served) poller->poll(deadline::never(), none);
      served = seen;
    }
    done = true;
  });
  std::vector<std::thread> wakers;
  for (int i = 0; i < 4; ++i) {
    wakers.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        ++requests;
        poller->wake();
      }
    });
  }
  for (auto& each : wakers) each.join();
  polling.join();
  EXPECT_TRUE(done);
}

TEST(descriptor_poller, a_deadline_in_the_past_does_not_wait) {
  const auto poller = net::detail::make_chosen_poller();
  ready_batch none;
  poller->poll(deadline::from_nanoseconds(0), none);
  poller->poll(deadline::at(clock::now() - 1h), none);
}

TEST(descriptor_poller, one_that_this_build_has_not_is_refused_by_name) {
  const char* const variable = std::getenv("WEFT_POLLER");
  const std::string before = variable != nullptr ? variable : "";
  ::setenv("WEFT_POLLER", "io_uring", 1);
  try {
    (void)net::detail::make_chosen_poller();
    ADD_FAILURE() << "there is no such poller";
  } catch (const std::invalid_argument& refused) {
    EXPECT_NE(std::string_view(refused.what()).find("WEFT_POLLER='io_uring': this build has "), std::string_view::npos)
        << refused.what();
  }
  ::setenv("WEFT_POLLER", before.c_str(), 1);  // empty is not given
  EXPECT_NE(net::detail::make_chosen_poller(), nullptr);
}

TEST(descriptor_poller, has_no_waiters_when_nobody_waits) {
  EXPECT_FALSE(net::detail::make_chosen_poller()->has_waiters());
}

FIBER_TEST(descriptor_poller, has_waiters_while_somebody_waits) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] {
    char buf[1];
    return server.read_some(buf);
  });
  await_parked(1, "tcp read");
  EXPECT_TRUE(descriptor_poller::of_this_runtime().has_waiters());
  client.write_all("x");
  reader.join();
  EXPECT_FALSE(descriptor_poller::of_this_runtime().has_waiters());
}

// The last worker to fall asleep does so in the poller; with one worker, that is where each wake-up finds it.
FIBER_TEST(descriptor_poller, a_worker_that_sleeps_in_it_is_woken_for_its_pinned_fiber) {
  constexpr int k_rounds = 50;
  auto [client, server] = connect();
  auto reader = spawn([&server = server] {
    char buf[1];
    return server.read_some(buf);
  });
  weft::detail::wait_token token;
  std::atomic<int> armed{0};
  auto pinned = spawn({.pinned = true}, [&] {
    for (int round = 1; round <= k_rounds; ++round) {
      token = weft::detail::arm(weft::detail::cancellation::ignored);
      armed = round;
      (void)weft::detail::park(token, deadline::never(), "round");
    }
  });
  std::thread outside([&] {
    for (int round = 1; round <= k_rounds; ++round) {
      wait_until([&armed, round] { return armed == round; });
      await_parked(1, "round");
      weft::detail::unpark(weft::detail::claim(token, weft::detail::wake_reason::ready));
    }
  });
  pinned.join();
  outside.join();
  client.write_all("x");
  reader.join();
}

// Nobody raises it. The end for that stays open as long as it is watched: closed, it is an event of the other one.
struct watched_event {
  net::detail::opened_event event = net::detail::open_event();
  descriptor watched;

  watched_event() {
    net::detail::unique_fd fd(event.waited);
    std::error_code ec;
    watched = net::detail::watch_descriptor(fd, false, ec);
    EXPECT_FALSE(ec);
  }
  ~watched_event() {
    watched = descriptor();
    net::detail::close_raised_end(event);
  }
  watched_event(const watched_event&) = delete;
  watched_event& operator=(const watched_event&) = delete;
};

FIBER_TEST(descriptor_poller, a_stale_event_does_not_reach_the_next_tenant) {
  std::optional<watched_event> first(std::in_place);
  descriptor_block* const block = first->watched.block();
  const std::uint64_t stale = block->key.load();
  const net::detail::occurrence broken{.readable = true, .writable = true, .doubtful = true};
  first.reset();
  // Blocks are reused last in, first out; other fibers open none here.
  const watched_event second;
  ASSERT_EQ(second.watched.block(), block);
  readiness& reading = block->readiness_of(direction::read);
  ASSERT_TRUE(reading.clear(reading.prepare()));
  ready_batch none;
  descriptor_poller::deliver(stale, broken, none);
  EXPECT_FALSE(readiness::is_ready(reading.prepare()));
  EXPECT_FALSE(readiness::is_doubtful(reading.prepare()));
  descriptor_poller::deliver(block->key.load(), broken, none);
  EXPECT_TRUE(readiness::is_ready(reading.prepare()));
  EXPECT_EQ(none.size(), 0u) << "nobody waited";
}

// And one that slips past the check costs a call that would block, no more.
FIBER_TEST(descriptor_poller, a_false_event_wakes_a_reader_who_waits_again) {
  auto [client, server] = connect();
  auto reader = spawn([&server = server] {
    char buf[4];
    return server.read_some(buf);
  });
  for (int i = 0; i < 5; ++i) {
    await_parked(1, "tcp read");
    // The stream's block is the one that waits: find it, as an event with its key would.
    net::detail::descriptors.for_each([](descriptor_block& block) {
      const auto won = net::detail::claim_waiter(block.readiness_of(direction::read).set_ready(false),
                                                 weft::detail::wake_reason::ready);
      if (won) weft::detail::unpark(won);
    });
  }
  await_parked(1, "tcp read");
  client.write_all("x");
  EXPECT_EQ(reader.join(), 1u);
}

TEST(descriptor_poller, events_for_blocks_that_never_were_are_dropped) {
  ready_batch none;
  const std::uint64_t key = (std::uint64_t{7} << net::detail::k_index_bits) | (net::detail::k_max_descriptors - 1);
  descriptor_poller::deliver(key, {.readable = true, .writable = true}, none);
  EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace weft::testing
