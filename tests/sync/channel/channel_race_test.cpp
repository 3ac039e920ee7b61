// The races of a channel. Each counts: what was sent is what was received, whoever won.

#include <weft/sync/channel.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using weft::channel;
using weft::channel_status;

using weft::testing::fibers;
using weft::testing::join_all;

// Ends that cancellation may bring, which the test wants.
void join_either_way(weft::join_handle<void>& handle) {
  try {
    handle.join();
  } catch (const std::system_error& cancelled) {
    EXPECT_EQ(cancelled.code(), std::errc::operation_canceled);
  }
}

FIBER_TEST(channel_race, many_senders_and_many_receivers_lose_and_double_nothing) {
  constexpr int k_each = 300, k_sides = 4;
  for (std::size_t capacity : {0u, 1u, 16u}) {
    const channel<int> ch(capacity);
    std::vector<std::atomic<int>> seen(k_each * k_sides);
    fibers senders, receivers;
    for (int s = 0; s < k_sides; ++s) {
      senders.push_back(weft::spawn([&, s] {
        for (int i = 0; i < k_each; ++i) ch.send(s * k_each + i);
      }));
      receivers.push_back(weft::spawn([&] {
        for (int v : ch) seen[static_cast<std::size_t>(v)].fetch_add(1, std::memory_order_relaxed);
      }));
    }
    join_all(senders);
    ch.close();
    join_all(receivers);
    for (const auto& count : seen) EXPECT_EQ(count.load(std::memory_order_relaxed), 1);
  }
}

FIBER_TEST(channel_race, close_races_receive) {
  for (int n = 0; n < 300; ++n) {
    const channel<int> ch(static_cast<std::size_t>(n % 2));
    fibers all;
    std::atomic<int> got{0};
    for (int i = 0; i < 3; ++i)
      all.push_back(weft::spawn([&] {
        for (int v : ch) got += v;
      }));
    ch.send(1);
    ch.send(1);
    all.push_back(weft::spawn([&] { ch.close(); }));
    join_all(all);
    EXPECT_EQ(got, 2);
  }
}

FIBER_TEST(channel_race, close_races_send) {
  for (int n = 0; n < 300; ++n) {
    const channel<int> ch(static_cast<std::size_t>(n % 3));
    std::atomic<int> sent{0};
    int received = 0;
    fibers all;
    for (int i = 0; i < 4; ++i)
      all.push_back(weft::spawn([&] {
        try {
          ch.send(1);
          ++sent;
        } catch (const weft::channel_closed&) {
        }
      }));
    all.push_back(weft::spawn([&] { ch.close(); }));
    for (int v : ch) received += v;
    join_all(all);
    EXPECT_EQ(received, sent);
  }
}

FIBER_TEST(channel_race, cancellation_races_hand_over_and_no_message_is_lost) {
  for (int n = 0; n < 400; ++n) {
    const channel<int> ch(static_cast<std::size_t>(n % 2));
    int sent = 0, received = 0;
    auto sender = weft::spawn([&] {
      ch.send(1);
      ++sent;
    });
    auto receiver = weft::spawn([&] {
      ch.recv();
      ++received;
    });
    auto canceller = weft::spawn([&] { (n % 4 < 2 ? sender : receiver).request_stop(); });
    if (n % 3 == 0) weft::this_fiber::yield();
    canceller.join();
    // Whoever was not cancelled may be left without a partner: then it is cancelled too.
    if (n % 4 < 2) {
      join_either_way(sender);
      int out = 0;
      if (sent == 0) receiver.request_stop();
      join_either_way(receiver);
      if (sent == 1 && received == 0) received += ch.try_recv(out) == channel_status::ok ? 1 : 0;
    } else {
      join_either_way(receiver);
      int out = 0;
      if (received == 0 && n % 2 == 0) sender.request_stop();
      join_either_way(sender);
      received += ch.try_recv(out) == channel_status::ok ? 1 : 0;
    }
    EXPECT_EQ(received, sent);
  }
}

FIBER_TEST(channel_race, timeouts_race_hand_over_and_both_sides_agree) {
  constexpr int k_each = 200;
  const channel<std::unique_ptr<int>> ch;
  std::atomic<int> sent{0}, received{0}, kept{0};
  std::atomic<bool> over{false};
  fibers senders, receivers;
  const auto limit = [] { return std::chrono::nanoseconds(weft::detail::random_below(30'000)); };
  for (int s = 0; s < 3; ++s) {
    senders.push_back(weft::spawn([&] {
      for (int i = 0; i < k_each; ++i) {
        auto value = std::make_unique<int>(i);
        const bool went = ch.send_for(std::move(value), limit()) == channel_status::ok;
        ++(went ? sent : kept);
        EXPECT_EQ(value == nullptr, went);
      }
    }));
    receivers.push_back(weft::spawn([&] {
      while (!over) {
        std::unique_ptr<int> value;
        const bool came = ch.recv_for(value, limit()) == channel_status::ok;
        EXPECT_EQ(value != nullptr, came);
        if (came) ++received;
      }
    }));
  }
  join_all(senders);
  over = true;
  join_all(receivers);
  EXPECT_EQ(received, sent);
  EXPECT_EQ(sent + kept, 3 * k_each);
}

// --- Fibers and plain threads, in both directions.

FIBER_TEST(channel_race, a_thread_sends_to_a_fiber_and_a_fiber_to_a_thread) {
  for (std::size_t capacity : {0u, 4u}) {
    const channel<int> there(capacity), back(capacity);
    std::thread plain([=] {
      for (int v : there) back.send(2 * v);
      back.close();
    });
    long sum = 0;
    auto feeder = weft::spawn([=] {
      for (int i = 1; i <= 300; ++i) there.send(i);
      there.close();
    });
    for (int v : back) sum += v;
    feeder.join();
    plain.join();
    EXPECT_EQ(sum, 300L * 301);
  }
}

TEST(channel_race, threads_alone_use_it_too) {
  constexpr int k_each = 1000, k_threads = 4;
  for (std::size_t capacity : {0u, 8u}) {
    const channel<std::unique_ptr<int>> ch(capacity);
    std::atomic<long> sum{0};
    std::vector<std::thread> senders, receivers;
    for (int t = 0; t < k_threads; ++t) {
      senders.emplace_back([=] {
        for (int i = 1; i <= k_each; ++i) ch.send(std::make_unique<int>(i));
      });
      receivers.emplace_back([&, ch] {
        for (const auto& v : ch) sum += *v;
      });
    }
    for (auto& each : senders) each.join();
    ch.close();
    for (auto& each : receivers) each.join();
    EXPECT_EQ(sum, static_cast<long>(k_threads) * k_each * (k_each + 1) / 2);
  }
}

// The last handle goes in a receiver while the sender that gave it the value is still on its way out of send().
FIBER_TEST(channel_race, the_channel_dies_with_its_last_handle_wherever_that_is) {
  for (int n = 0; n < 300; ++n) {
    channel<int> ch(static_cast<std::size_t>(n % 2));
    auto receiver = weft::spawn([mine = ch]() mutable {
      const auto got = mine.recv();
      mine = nullptr;
      return got;
    });
    weft::go([mine = std::move(ch)] { mine.send(5); });
    EXPECT_EQ(receiver.join(), 5);
  }
}

}  // namespace
