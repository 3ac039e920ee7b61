// The races of select. Each counts: what was sent is what was received, whoever won.

#include <weft/sync/select.hpp>

#include <atomic>
#include <chrono>
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

namespace {

using weft::channel;
using weft::channel_status;

using weft::testing::fibers;
using weft::testing::join_all;

// Both sides select over the same channels, named in different orders: locks in any but one order would deadlock.
FIBER_TEST(select_race, senders_and_receivers_that_select_over_the_same_channels_lose_nothing) {
  constexpr int k_each = 250;
  const channel<int> a, b(1), c(3), done;
  std::atomic<long> sent{0}, received{0};
  fibers senders, receivers;
  for (int s = 0; s < 4; ++s) {
    senders.push_back(weft::spawn([&, s] {
      for (int i = 1; i <= k_each; ++i) {
        if (s % 2 == 0)
          weft::select(weft::send(a, i), weft::send(b, i), weft::send(c, i));
        else
          weft::select(weft::send(c, i), weft::send(a, i), weft::send(b, i), weft::send(a, i));
        sent += i;
      }
    }));
    receivers.push_back(weft::spawn([&, s] {
      std::optional<int> got, stop;
      for (;;) {
        const std::size_t ran =
            s % 2 == 0
                ? weft::select(weft::recv(done, stop), weft::recv(b, got), weft::recv(c, got), weft::recv(a, got))
                : weft::select(weft::recv(done, stop), weft::recv(a, got), weft::recv(b, got), weft::recv(c, got));
        if (ran == 0) return;
        received += *got;
      }
    }));
  }
  join_all(senders);
  while (received != sent) weft::this_fiber::yield();
  done.close();
  join_all(receivers);
  EXPECT_EQ(sent, 4L * k_each * (k_each + 1) / 2);
}

// Every fiber is sender and receiver at once on the same channel; pairs must meet, and nobody himself.
FIBER_TEST(select_race, everybody_sends_and_receives_on_one_channel) {
  constexpr int k_fibers = 6, k_each = 200;
  const channel<int> ch, done;
  std::atomic<long> balance{0};
  std::atomic<int> events{0};
  fibers all;
  for (int f = 0; f < k_fibers; ++f)
    all.push_back(weft::spawn([&, f] {
      std::optional<int> got, stop;
      for (;;) {
        const std::size_t ran = weft::select(weft::send(ch, f + 1), weft::recv(ch, got), weft::recv(done, stop));
        if (ran == 2) return;
        balance += ran == 0 ? f + 1 : -*got;
        ++events;
        EXPECT_FALSE(ran == 1 && got == f + 1);
      }
    }));
  while (events < 2 * k_fibers * k_each) weft::this_fiber::yield();
  done.close();
  join_all(all);
  EXPECT_EQ(balance, 0);
  EXPECT_EQ(events % 2, 0);
}

FIBER_TEST(select_race, close_races_select) {
  for (int n = 0; n < 300; ++n) {
    const channel<int> a, b(static_cast<std::size_t>(n % 2));
    std::atomic<int> sent{0}, received{0};
    fibers all;
    for (int i = 0; i < 2; ++i) {
      all.push_back(weft::spawn([&] {
        std::optional<int> got;
        for (;;) {
          weft::select(weft::recv(a, got), weft::recv(b, got));
          if (!got) break;
          ++received;
        }
      }));
      all.push_back(weft::spawn([&] {
        try {
          for (;;) {
            weft::select(weft::send(b, 1), weft::send(a, 1));
            ++sent;
          }
        } catch (const weft::channel_closed&) {
        }
      }));
    }
    weft::this_fiber::yield();
    a.close();
    weft::this_fiber::yield();
    b.close();
    join_all(all);
    int out = 0;
    while (b.try_recv(out) == channel_status::ok) ++received;
    EXPECT_EQ(received, sent);
  }
}

FIBER_TEST(select_race, cancellation_and_deadlines_race_hand_over_and_no_message_is_lost) {
  const channel<int> a, b(1);
  std::atomic<long> sent{0}, received{0};
  std::atomic<bool> over{false};
  const auto limit = [] { return std::chrono::nanoseconds(weft::detail::random_below(30'000)); };
  auto receiver = weft::spawn([&] {
    const auto count = [&](std::optional<int> v) { received += *v; };
    while (!over) weft::select(weft::recv(a, count), weft::recv(b, count), weft::after(limit()));
  });
  for (int n = 1; n <= 300; ++n) {
    auto sender = weft::spawn([&, n] {
      weft::select(weft::send(b, n, [&] { sent += n; }), weft::after(limit()), weft::send(a, n, [&] { sent += n; }));
    });
    if (n % 3 == 0) {
      sender.request_stop();
      try {
        sender.join();
      } catch (const std::system_error&) {
      }
    } else {
      sender.join();
    }
  }
  over = true;
  receiver.join();
  int out = 0;
  while (b.try_recv(out) == channel_status::ok) received += out;
  EXPECT_EQ(received, sent);
}

FIBER_TEST(select_race, fibers_and_threads_select_against_each_other) {
  constexpr int k_each = 200;
  const channel<int> a, b;
  std::atomic<long> sent{0}, received{0};
  const auto send = [&] {
    for (int i = 1; i <= k_each; ++i) {
      weft::select(weft::send(a, i), weft::send(b, i));
      sent += i;
    }
  };
  const auto receive = [&] {
    std::optional<int> got;
    for (int i = 1; i <= k_each; ++i) {
      weft::select(weft::recv(b, got), weft::recv(a, got));
      received += *got;
    }
  };
  std::thread plain_sender(send), plain_receiver(receive);
  auto sender = weft::spawn(send), receiver = weft::spawn(receive);
  sender.join();
  receiver.join();
  plain_sender.join();
  plain_receiver.join();
  EXPECT_EQ(received, sent);
}

}  // namespace
