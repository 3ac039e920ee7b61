// What select.hpp promises; races stand in select_race_test.cpp.

#include <weft/sync/select.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <sys/select.h>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::channel;
using weft::channel_status;
using weft::testing::await_parked;

namespace names_of_posix_still_mean_posix {
using namespace weft;
[[maybe_unused]] int wait_for_nothing() {
  timeval none{};
  return select(0, nullptr, nullptr, nullptr, &none);
}
}  // namespace names_of_posix_still_mean_posix

FIBER_TEST(select, using_the_namespace_does_not_capture_the_function_of_posix) {
  EXPECT_EQ(names_of_posix_still_mean_posix::wait_for_nothing(), 0);
}

FIBER_TEST(select, runs_the_handler_of_the_case_that_is_ready_and_returns_its_index) {
  const channel<int> a(1), b(1);
  b.send(5);
  std::optional<int> got;
  bool wrong = false;
  const std::size_t ran = weft::select(weft::recv(a, [&](std::optional<int>) { wrong = true; }),
                                       weft::recv(b, [&](std::optional<int> v) { got = v; }),
                                       weft::after(1h, [&] { wrong = true; }), weft::otherwise([&] { wrong = true; }));
  EXPECT_EQ(ran, 1u);
  EXPECT_EQ(got, 5);
  EXPECT_FALSE(wrong);
}

FIBER_TEST(select, without_handlers_leaves_the_value_in_an_optional) {
  const channel<std::string> ch(1);
  ch.send("text");
  std::optional<std::string> got;
  switch (weft::select(weft::recv(ch, got), weft::after(1s))) {
    case 0: EXPECT_EQ(got, "text"); break;
    default: FAIL();
  }
  ch.close();
  EXPECT_EQ(weft::select(weft::recv(ch, got)), 0u);
  EXPECT_EQ(got, std::nullopt);
}

FIBER_TEST(select, sends_when_there_is_room_or_a_receiver) {
  const channel<int> ring(1), direct;
  EXPECT_EQ(weft::select(weft::send(direct, 1), weft::send(ring, 2), weft::otherwise()), 1u);
  EXPECT_EQ(ring.recv(), 2);
  auto receiver = weft::spawn([&] { return direct.recv(); });
  await_parked(1, "channel receive");
  bool sent = false;
  EXPECT_EQ(weft::select(weft::send(direct, 3, [&] { sent = true; }), weft::otherwise()), 0u);
  EXPECT_TRUE(sent);
  EXPECT_EQ(receiver.join(), 3);
}

FIBER_TEST(select, waits_until_one_of_its_cases_can_be_done) {
  const channel<int> a, b;
  auto selecting = weft::spawn([&] {
    std::optional<int> got;
    const std::size_t ran = weft::select(weft::recv(a, got), weft::recv(b, got));
    return std::pair(ran, got);
  });
  await_parked(1, "select");
  b.send(8);
  EXPECT_EQ(selecting.join(), std::pair(std::size_t{1}, std::optional(8)));
  EXPECT_EQ(a.try_send(1), channel_status::full) << "the loser's node is off the list";
}

FIBER_TEST(select, that_waits_to_send_gives_its_value_to_a_receiver) {
  const channel<std::unique_ptr<int>> a, b;
  auto selecting = weft::spawn([&] {
    auto first = std::make_unique<int>(1), second = std::make_unique<int>(2);
    const std::size_t ran = weft::select(weft::send(a, std::move(first)), weft::send(b, std::move(second)));
    return ran == 1 && second == nullptr && first != nullptr && *first == 1;
  });
  await_parked(1, "select");
  EXPECT_EQ(**b.recv(), 2);
  EXPECT_TRUE(selecting.join());
  std::unique_ptr<int> out;
  EXPECT_EQ(a.try_recv(out), channel_status::empty);
}

FIBER_TEST(select, two_of_them_meet) {
  const channel<int> a, b;
  auto sending = weft::spawn([&] { return weft::select(weft::send(a, 1), weft::send(b, 2)); });
  await_parked(1, "select");
  std::optional<int> got;
  const std::size_t received = weft::select(weft::recv(a, got), weft::recv(b, got));
  EXPECT_EQ(sending.join(), received);
  EXPECT_EQ(got, received == 0 ? 1 : 2);
}

FIBER_TEST(select, takes_after_only_when_nothing_else_came) {
  const channel<int> ch;
  std::optional<int> got;
  bool ran_handler = false;
  EXPECT_EQ(weft::select(weft::recv(ch, got), weft::after(1h), weft::after(1us, [&] { ran_handler = true; })), 2u);
  EXPECT_TRUE(ran_handler);
  EXPECT_EQ(weft::select(weft::recv(ch, got), weft::after(-1s)), 1u);
  EXPECT_EQ(weft::select(weft::after(std::chrono::hours::max()), weft::after(0s)), 1u);
  EXPECT_EQ(ch.try_send(1), channel_status::full);
}

FIBER_TEST(select, takes_otherwise_when_nothing_is_ready_now) {
  const channel<int> ch;
  std::optional<int> got;
  EXPECT_EQ(weft::select(weft::recv(ch, got), weft::after(-1s), weft::otherwise()), 2u);
  EXPECT_EQ(weft::select(weft::otherwise()), 0u);
}

FIBER_TEST(select, a_closed_channel_is_ready) {
  const channel<int> ch(1), never;
  ch.send(1);
  ch.close();
  std::optional<int> got;
  EXPECT_EQ(weft::select(weft::recv(never, got), weft::recv(ch, got)), 1u);
  EXPECT_EQ(got, 1);
  EXPECT_EQ(weft::select(weft::recv(never, got), weft::recv(ch, got)), 1u);
  EXPECT_EQ(got, std::nullopt);
  bool sent = false;
  EXPECT_THROW(weft::select(weft::send(ch, 2, [&] { sent = true; }), weft::recv(never, got)), weft::channel_closed);
  EXPECT_FALSE(sent);
}

FIBER_TEST(select, a_close_wakes_it) {
  const channel<int> in, out;
  auto receiving = weft::spawn([&] {
    std::optional<int> got = 1;
    return weft::select(weft::recv(in, got), weft::recv(out, got)) == 0 && !got;
  });
  await_parked(1, "select");
  in.close();
  EXPECT_TRUE(receiving.join());
  auto sending = weft::spawn([&] { weft::select(weft::send(out, 1), weft::after(1h)); });
  await_parked(1, "select");
  out.close();
  EXPECT_THROW(sending.join(), weft::channel_closed);
}

FIBER_TEST(select, a_null_channel_is_never_ready) {
  const channel<int> null(nullptr);
  channel<int> moved_from;
  const channel<int> ch = std::move(moved_from);
  ch.close();
  std::optional<int> got;
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(weft::select(weft::recv(null, got), weft::send(moved_from, 1), weft::recv(ch, got)), 2u);
  EXPECT_EQ(weft::select(weft::recv(null, got), weft::otherwise()), 1u);
  EXPECT_EQ(weft::select(weft::send(null, 1), weft::after(1us)), 1u);
}

FIBER_TEST(select, in_which_nothing_can_ever_be_ready_waits_until_it_is_cancelled) {
  auto waits = weft::spawn([] { weft::select(std::span<weft::select_case>()); });
  await_parked(1, "select");
  waits.request_stop();
  EXPECT_THROW(waits.join(), std::system_error);
}

FIBER_TEST(select, never_meets_itself_though_a_channel_stands_in_it_twice) {
  const channel<int> ch;
  std::optional<int> got;
  EXPECT_EQ(weft::select(weft::send(ch, 1), weft::recv(ch, got), weft::otherwise()), 2u);
  EXPECT_EQ(weft::select(weft::recv(ch, got), weft::send(ch, 1), weft::recv(ch, got), weft::after(1us)), 3u);
  auto selecting = weft::spawn([&] {
    std::optional<int> mine;
    return weft::select(weft::send(ch, 1), weft::recv(ch, mine), weft::send(ch, 2));
  });
  await_parked(1, "select");
  ch.send(7);
  EXPECT_EQ(selecting.join(), 1u);
  int out = 0;
  EXPECT_EQ(ch.try_recv(out), channel_status::empty);
  EXPECT_EQ(ch.try_send(1), channel_status::full);
}

FIBER_TEST(select, is_a_cancellation_point) {
  const channel<int> a, b;
  std::optional<int> got;
  auto waits = weft::spawn([&] { weft::select(weft::recv(a, got), weft::send(b, 1), weft::after(1h)); });
  await_parked(1, "select");
  waits.request_stop();
  EXPECT_THROW(waits.join(), std::system_error);
  EXPECT_EQ(a.try_send(1), channel_status::full);
  int out = 0;
  EXPECT_EQ(b.try_recv(out), channel_status::empty);
}

FIBER_TEST(select, handlers_run_with_no_lock_held_and_what_they_throw_passes_through) {
  const channel<int> ch(2);
  ch.send(1);
  weft::select(weft::recv(ch, [&](std::optional<int> v) { ch.send(*v + 1); }));
  EXPECT_EQ(ch.recv(), 2);
  EXPECT_THROW(weft::select(weft::otherwise([] { throw std::runtime_error("mine"); })), std::runtime_error);
}

FIBER_TEST(select, moves_from_a_value_only_if_its_case_ran) {
  const channel<std::string> full, room(1);
  std::string stays(100, 's'), goes(100, 'g'), copied(100, 'c');
  EXPECT_EQ(weft::select(weft::send(full, std::move(stays)), weft::send(room, std::move(goes))), 1u);
  EXPECT_EQ(stays, std::string(100, 's'));
  EXPECT_EQ(goes, "");
  EXPECT_EQ(room.recv(), std::string(100, 'g'));
  EXPECT_EQ(weft::select(weft::send(room, copied)), 0u);
  EXPECT_EQ(copied, std::string(100, 'c'));
}

FIBER_TEST(select, serves_a_number_of_cases_known_at_run_time) {
  constexpr std::size_t k_cases = 40;
  std::vector<channel<int>> channels;
  std::vector<weft::select_case> cases;
  int sum = 0;
  for (std::size_t i = 0; i < k_cases; ++i) {
    channels.emplace_back(1);
    cases.emplace_back(weft::recv(channel<int>(channels.back()), [&sum](std::optional<int> v) { sum += *v; }));
  }
  cases.emplace_back(weft::after(1h));
  for (std::size_t i = 0; i < k_cases; ++i) {
    channels[i].send(1);
    EXPECT_EQ(weft::select(cases), i);
  }
  EXPECT_EQ(sum, static_cast<int>(k_cases));
}

FIBER_TEST(select, a_case_that_is_kept_owns_its_value_and_sends_it_once) {
  const channel<std::unique_ptr<int>> ch(4);
  std::vector<weft::select_case> cases;
  cases.emplace_back(weft::send(ch, std::make_unique<int>(1)));
  cases.emplace_back(weft::otherwise());
  EXPECT_EQ(weft::select(cases), 0u);
  EXPECT_EQ(weft::select(cases), 1u);
  EXPECT_EQ(ch.size(), 1u);
  EXPECT_EQ(**ch.recv(), 1);
}

// Chi-square over the cases. False alarms: 1 in 10^6 for each of the eight runs (3 degrees of freedom, 30.66).
constexpr double k_chi_square_3_at_1e6 = 30.66;

template <class Choose>
double chi_square_of_four(Choose choose) {
  constexpr int k_draws = 20'000;
  std::array<int, 4> counts{};
  for (int i = 0; i < k_draws; ++i) ++counts[choose()];
  double chi_square = 0;
  for (const int count : counts) {
    const double off = count - k_draws / 4.0;
    chi_square += off * off / (k_draws / 4.0);
  }
  return chi_square;
}

FIBER_TEST(select, chooses_uniformly_among_those_that_are_ready) {
  const channel<int> in(1), out(1), closed, also_closed, never;
  closed.close();
  also_closed.close();
  in.send(1);
  const auto choose = [&]() -> std::size_t {
    std::optional<int> got;
    switch (weft::select(weft::recv(never, got), weft::recv(in, got), weft::recv(closed, got), weft::send(out, 1),
                         weft::recv(also_closed, got))) {
      case 1: in.send(1); return 0;
      case 2: return 1;
      case 3: out.recv(); return 2;
      default: return 3;
    }
  };
  EXPECT_LT(chi_square_of_four(choose), k_chi_square_3_at_1e6);
}

// Partners that look ready and are not (won by another case of theirs) are drawn again, not left to a neighbour.
FIBER_TEST(select, chooses_uniformly_among_partners_that_wait) {
  const std::array<channel<int>, 4> channels;
  weft::join_handle<void> senders[4];
  const channel<int> stop;
  for (std::size_t i = 0; i < 4; ++i)
    senders[i] = weft::spawn([&, i] {
      std::optional<int> ended;
      while (weft::select(weft::send(channels[i], 1), weft::recv(stop, ended)) == 0) {
      }
    });
  await_parked(4, "select");
  const auto choose = [&] {
    std::optional<int> got;
    const std::size_t ran = weft::select(weft::recv(channels[0], got), weft::recv(channels[1], got),
                                         weft::recv(channels[2], got), weft::recv(channels[3], got));
    await_parked(4, "select");
    return ran;
  };
  // Each draw waits for the sender to be back: fewer of them.
  std::array<int, 4> counts{};
  for (int i = 0; i < 400; ++i) ++counts[choose()];
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 100.0) * (count - 100.0) / 100.0;
  EXPECT_LT(chi_square, k_chi_square_3_at_1e6);
  stop.close();
  for (auto& each : senders) each.join();
}

TEST(select, works_on_a_plain_thread) {
  const channel<int> a, b;
  std::optional<int> got;
  EXPECT_EQ(weft::select(weft::recv(a, got), weft::after(1us)), 1u);
  EXPECT_EQ(weft::select(weft::send(a, 1), weft::otherwise()), 1u);
  std::thread other([&] { weft::select(weft::send(b, 4), weft::recv(a, got)); });
  std::optional<int> mine;
  EXPECT_EQ(weft::select(weft::recv(a, mine), weft::recv(b, mine)), 1u);
  other.join();
  EXPECT_EQ(mine, 4);
}

}  // namespace
