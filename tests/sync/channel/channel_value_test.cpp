// What a channel does with the values themselves: moves, copies, boxes, ends; whatever kind of type T is.

#include <weft/sync/channel.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "await_parked.hpp"

namespace {

using namespace std::chrono_literals;
using weft::channel;
using weft::channel_status;
using weft::testing::await_parked;

// Counts what lives, and moves and copies on the way.
struct counted_value {
  static inline std::atomic<int> alive{0}, moves{0}, copies{0};  // counters

  explicit counted_value(int v) : value(v) { ++alive; }
  counted_value(const counted_value& from) : value(from.value) { ++alive, ++copies; }
  counted_value(counted_value&& from) noexcept : value(std::exchange(from.value, -1)) { ++alive, ++moves; }
  counted_value& operator=(const counted_value&) = default;
  counted_value& operator=(counted_value&& from) noexcept {
    value = std::exchange(from.value, -1);
    return *this;
  }
  ~counted_value() { --alive; }

  static void reset() { alive = moves = copies = 0; }
  int value;
};

// May throw when moved, and does when told to. Not copyable.
struct volatile_cargo {
  explicit volatile_cargo(int v) : value(v) {}
  volatile_cargo(volatile_cargo&& from) noexcept(false) : value(from.value) {
    if (std::exchange(from.explosive, false)) throw std::runtime_error("moved");
    from.value = -1;
  }
  volatile_cargo& operator=(volatile_cargo&& from) noexcept(false) {
    value = std::exchange(from.value, -1);
    return *this;
  }

  int value;
  bool explosive = false;
};
static_assert(!weft::detail::travels_bare<volatile_cargo>);

// Of an old-fashioned kind: "moving" it copies, and may throw.
struct old_fashioned {
  old_fashioned() = default;
  explicit old_fashioned(std::string t) : text(std::move(t)) {}
  old_fashioned(const old_fashioned&) = default;
  old_fashioned& operator=(const old_fashioned&) = default;
  std::string text;
};
static_assert(!weft::detail::travels_bare<old_fashioned>);

template <class T>
T over(const channel<T>& ch, T value) {
  auto receiver = weft::spawn([&ch] { return ch.recv(); });
  ch.send(std::move(value));
  return std::move(*receiver.join());
}

FIBER_TEST(channel_value, types_of_every_kind_go_over_unbuffered_and_through_a_ring) {
  for (std::size_t capacity : {0u, 1u, 3u}) {
    EXPECT_EQ(over(channel<char>(capacity), 'x'), 'x');
    EXPECT_EQ(over(channel<std::uint16_t>(capacity), std::uint16_t{7}), 7);
    EXPECT_EQ(over(channel<bool>(capacity), true), true);
    EXPECT_EQ(over(channel<double>(capacity), 0.5), 0.5);
    EXPECT_EQ(over(channel<std::string>(capacity), std::string(100, 'y')), std::string(100, 'y'));
    EXPECT_EQ((over(channel<std::array<int, 50>>(capacity), std::array<int, 50>{1, 2, 3})[2]), 3);
    EXPECT_EQ(*over(channel<std::unique_ptr<int>>(capacity), std::make_unique<int>(5)), 5);
    EXPECT_EQ(over(channel<volatile_cargo>(capacity), volatile_cargo(6)).value, 6);
    EXPECT_EQ(over(channel<old_fashioned>(capacity), old_fashioned("old")).text, "old");
    EXPECT_EQ(over(channel<std::optional<int>>(capacity), std::optional<int>()), std::nullopt);
    std::deque<std::unique_ptr<int>> many;  // says that it can be copied, and cannot
    many.push_back(std::make_unique<int>(8));
    EXPECT_EQ(*over(channel<std::deque<std::unique_ptr<int>>>(capacity), std::move(many)).front(), 8);
  }
}

// Of that many bytes, each of which tells the number.
template <std::size_t Bytes>
struct bytes_of_a_number {
  bytes_of_a_number() = default;
  explicit bytes_of_a_number(unsigned char number) { bytes.fill(number); }
  friend bool operator==(const bytes_of_a_number&, const bytes_of_a_number&) = default;
  std::array<unsigned char, Bytes> bytes;
};

template <std::size_t Bytes>
void expect_whole_and_in_order(std::size_t capacity) {
  using number = bytes_of_a_number<Bytes>;
  const channel<number> ch(capacity);
  auto sender = weft::spawn([&ch] {
    for (int i = 0; i < 200; ++i) ch.send(number(static_cast<unsigned char>(i)));
    ch.close();
  });
  int i = 0;
  for (const number& each : ch) EXPECT_EQ(each, number(static_cast<unsigned char>(i++))) << Bytes << " bytes";
  EXPECT_EQ(i, 200);
  sender.join();
}

FIBER_TEST(channel_value, bytes_of_every_length_come_whole_and_in_order_as_the_ring_goes_round) {
  for (std::size_t capacity : {0u, 1u, 3u, 64u}) {
    expect_whole_and_in_order<1>(capacity);
    expect_whole_and_in_order<2>(capacity);
    expect_whole_and_in_order<4>(capacity);
    expect_whole_and_in_order<7>(capacity);
    expect_whole_and_in_order<8>(capacity);
    expect_whole_and_in_order<16>(capacity);
    expect_whole_and_in_order<24>(capacity);
  }
}

struct alignas(64) over_aligned {
  int value = 0;
  [[nodiscard]] bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
};

FIBER_TEST(channel_value, over_aligned_types_stay_aligned) {
  const channel<over_aligned> ch(3);
  for (int i = 0; i < 3; ++i) ch.send({i});
  for (int i = 0; i < 3; ++i) {
    const auto got = ch.recv();
    EXPECT_TRUE(got->is_aligned());
    EXPECT_EQ(got->value, i);
  }
}

FIBER_TEST(channel_value, an_lvalue_is_copied_once_and_an_rvalue_never) {
  counted_value::reset();
  {
    const channel<counted_value> ch(2);
    const counted_value kept(1);
    ch.send(kept);
    EXPECT_EQ(kept.value, 1);
    EXPECT_EQ(counted_value::copies, 1);
    counted_value given(2);
    ch.send(std::move(given));
    EXPECT_EQ(given.value, -1);
    EXPECT_EQ(ch.recv()->value, 1);
    EXPECT_EQ(ch.recv()->value, 2);
    EXPECT_EQ(counted_value::copies, 1);
  }
  EXPECT_EQ(counted_value::alive, 0);
}

FIBER_TEST(channel_value, goes_from_frame_to_frame_in_one_move) {
  counted_value::reset();
  const channel<counted_value> ch;
  auto receiver = weft::spawn([&] {
    weft::detail::incoming<counted_value> in;
    weft::detail::channel_access::core(ch)->receive<0>(in.slot(), weft::deadline::never());
    const int moves = counted_value::moves;
    EXPECT_EQ(in.take()->value, 3);
    return moves;
  });
  await_parked(1, "channel receive");
  ch.send(counted_value(3));
  EXPECT_EQ(receiver.join(), 1);
  EXPECT_EQ(counted_value::alive, 0);
}

FIBER_TEST(channel_value, what_is_still_in_the_ring_dies_with_the_last_handle) {
  counted_value::reset();
  {
    channel<counted_value> ch(5);
    for (int i = 0; i < 7; ++i) {
      ch.send(counted_value(i));
      if (i < 3) ch.recv();  // the rest lies around the end of the ring
    }
    channel<counted_value> other = ch;
    ch = nullptr;
    EXPECT_EQ(counted_value::alive, 4);
  }
  EXPECT_EQ(counted_value::alive, 0);
}

template <class T>
void fails_to_send(T& value) {
  channel<T> full;
  EXPECT_EQ(full.try_send(std::move(value)), channel_status::full);
  EXPECT_EQ(full.send_for(std::move(value), 1us), channel_status::timeout);
  auto cancelled = weft::spawn([&] { full.send(std::move(value)); });
  await_parked(1, "channel send");
  cancelled.request_stop();
  EXPECT_ANY_THROW(cancelled.join());
  auto closed = weft::spawn([&] { full.send(std::move(value)); });
  await_parked(1, "channel send");
  full.close();
  EXPECT_THROW(closed.join(), weft::channel_closed);
  EXPECT_THROW(full.send(std::move(value)), weft::channel_closed);
  EXPECT_EQ(full.try_send(std::move(value)), channel_status::closed);
}

FIBER_TEST(channel_value, is_moved_from_only_if_it_was_sent) {
  std::string text(100, 'z');
  fails_to_send(text);
  EXPECT_EQ(text, std::string(100, 'z'));
  auto pointer = std::make_unique<int>(1);
  fails_to_send(pointer);
  EXPECT_EQ(*pointer, 1);
}

FIBER_TEST(channel_value, comes_back_out_of_its_box_if_it_was_not_sent) {
  volatile_cargo cargo(4);
  fails_to_send(cargo);
  EXPECT_EQ(cargo.value, 4);
  old_fashioned old("old");
  fails_to_send(old);
  EXPECT_EQ(old.text, "old");
}

FIBER_TEST(channel_value, a_move_that_throws_on_the_sending_side_leaves_the_channel_as_it_was) {
  const channel<volatile_cargo> ch(1);
  volatile_cargo cargo(1);
  cargo.explosive = true;
  EXPECT_THROW(ch.send(std::move(cargo)), std::runtime_error);
  EXPECT_EQ(ch.size(), 0u);
  ch.send(std::move(cargo));
  EXPECT_EQ(ch.recv()->value, 1);
}

// No lock of the channel is held while the values' own code runs: here it comes back to the same channel.
struct revisiting {
  explicit revisiting(channel<revisiting> to) : ch(std::move(to)) {}
  revisiting(revisiting&&) noexcept = default;
  revisiting& operator=(revisiting&&) noexcept = default;
  ~revisiting() {
    if (ch != nullptr) last_seen = ch.size();
  }
  static inline std::size_t last_seen = 99;
  channel<revisiting> ch;
};

FIBER_TEST(channel_value, may_use_the_same_channel_while_it_is_destroyed) {
  const channel<revisiting> ch(2);
  ch.send(revisiting(ch));
  ch.send(revisiting(ch));
  ch.recv();
  EXPECT_EQ(revisiting::last_seen, 1u);
  ch.recv();
  EXPECT_EQ(revisiting::last_seen, 0u);
}

}  // namespace
