// Room: tests of netpoll. unix_datagram: whole, in order and not lost, however slow the receiver; and its paths.

#include <weft/netpoll/unix_datagram.hpp>

#include <string>
#include <vector>

#include <support/contains.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/manual_clock.hpp>
#include <support/seed.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include <faults.hpp>

#include "net_support.hpp"
#include "unix_support.hpp"

namespace weft::testing {
namespace {

using net::unix_datagram;

// Sends the numbers from 0 on; the receiver is full long before.
template <class Send>
void send_numbers(int count, Send send) {
  for (int i = 0; i < count; ++i) send(std::to_string(i));
}

bool receive_numbers(unix_datagram& from, int count) {
  char buf[8];
  for (int i = 0; i < count; ++i)
    if (std::string(buf, from.receive(buf).count) != std::to_string(i)) return false;
  return true;
}

FIBER_TEST(unix_datagram, comes_with_its_sender_and_is_answered) {
  const scratch_directory at;
  auto server = unix_datagram::bind(at / "server", {.mode = 0600});
  EXPECT_EQ(mode_of(at / "server"), 0600u);
  EXPECT_EQ(server.local_address(), at / "server");
  for (const std::string& name : {at / "client", std::string("@")}) {
    auto client = unix_datagram::connect(at / "server", {.local = name});
    client.send("hello");
    char buf[8];
    std::string from;
    EXPECT_EQ(server.receive_from(buf, from).count, 5u);
    EXPECT_EQ(from, client.local_address());
    EXPECT_EQ(client.remote_address(), server.local_address());
    server.send_to("back", from);
    EXPECT_EQ(client.receive(buf).count, 4u);
  }
  auto nameless = unix_datagram::open();
  nameless.send_to("x", at / "server");
  std::string from = "somebody";
  char buf[8];
  EXPECT_EQ(server.receive_from(buf, from).count, 1u);
  EXPECT_EQ(from, "");
}

FIBER_TEST(unix_datagram, one_of_no_bytes_is_one_and_one_that_is_too_large_is_cut_and_told) {
  auto [one, other] = unix_datagram::pair();
  one.send("");
  one.send(std::string(1000, 'x'));
  char buf[10];
  EXPECT_EQ(other.receive(buf).size, 0u);
  const auto got = other.receive(buf);
  EXPECT_EQ(got.count, 10u);
  EXPECT_EQ(got.size, 1000u);
  expect_error(std::errc::message_size, [&one = one] { one.send(std::string(10 << 20, 'x')); });
}

// The kernel wakes a connected sender when the receiver has room again.
FIBER_TEST(unix_datagram, a_connected_sender_waits_for_a_receiver_that_is_full) {
  const scratch_directory at;
  auto server = unix_datagram::bind(at / "server");
  auto sending = spawn([&] {
    auto client = unix_datagram::connect(at / "server");
    send_numbers(1500, [&](const std::string& text) { client.send(text); });
  });
  await_parked(1, "unix datagram send");
  EXPECT_TRUE(receive_numbers(server, 1500));
  sending.join();
}

// And nobody wakes one that is not: it asks again.
FIBER_TEST(unix_datagram, any_sender_waits_for_a_receiver_that_is_full) {
  const scratch_directory at;
  auto server = unix_datagram::bind(at / "server");
  auto sending = spawn([&] {
    auto client = unix_datagram::open();
    send_numbers(600, [&](const std::string& text) { client.send_to(text, at / "server"); });
  });
  await_parked(1, "unix datagram send (the receiver is full)");
  EXPECT_TRUE(receive_numbers(server, 600));
  sending.join();
}

// With a clock that stands still no pause is ever over.
TEST(unix_datagram, a_pause_ends_by_deadline_close_and_cancellation) {
  manual_clock time;
  runtime rt(options{.workers = 2}, &time);
  rt.run([&] {
    const scratch_directory at;
    auto server = unix_datagram::bind(at / "server");
    auto client = unix_datagram::open();
    const auto send_until_it_fails = [&] {
      std::error_code ec;
      while (!ec) client.send_to("x", at / "server", ec);
      return ec;
    };
    const auto parked = [] { await_parked(1, "unix datagram send (the receiver is full)"); };
    auto late = spawn(send_until_it_fails);
    parked();
    client.set_write_deadline(unix_datagram::time_point::min());
    time.advance(std::chrono::seconds(1), rt);
    EXPECT_EQ(late.join(), std::errc::timed_out);
    client.set_write_deadline(unix_datagram::time_point::max());
    auto cancelled_one = spawn(send_until_it_fails);
    parked();
    cancelled_one.request_stop();
    EXPECT_ANY_THROW(static_cast<void>(cancelled_one.join()));
    auto closed_one = spawn(send_until_it_fails);
    parked();
    client.close();
    EXPECT_EQ(closed_one.join(), std::errc::operation_canceled);
  });
}

FIBER_TEST(unix_datagram, a_receiver_that_is_gone_is_told) {
  const scratch_directory at;
  auto server = unix_datagram::bind(at / "server");
  auto client = unix_datagram::connect(at / "server");
  server.close();
  EXPECT_FALSE(is_there(at / "server"));
  expect_error(std::errc::connection_refused, [&] { client.send("x"); });
  auto other = unix_datagram::open();
  expect_error(std::errc::no_such_file_or_directory, [&] { other.send_to("x", at / "server"); });
  expect_error(std::errc::filename_too_long, [&] { other.send_to("x", std::string(200, 'x')); });
  expect_error(std::errc::invalid_argument, [&] { other.send_to("x", ""); });
  expect_error(std::errc::not_connected, [&] { other.send("to whom?"); });
}

FIBER_TEST(unix_datagram, a_stale_path_is_replaced_and_a_live_one_is_not) {
  const scratch_directory at;
  leave_stale_socket(at / "socket", SOCK_DGRAM);
  expect_error(std::errc::address_in_use,
               [&] { static_cast<void>(unix_datagram::bind(at / "socket", {.replace_stale = false})); });
  auto server = unix_datagram::bind(at / "socket");
  std::error_code ec;
  EXPECT_FALSE(unix_datagram::bind(at / "socket", ec).is_open());
  EXPECT_EQ(ec, std::errc::address_in_use);
  unix_datagram moved = std::move(server);
  EXPECT_TRUE(is_there(at / "socket"));
  moved = unix_datagram::bind(at / "other");
  EXPECT_FALSE(is_there(at / "socket")) << "assigned over";
}

// What a plain receive has no use for is closed: the leak check behind this test would see it.
FIBER_TEST(unix_datagram, descriptors_that_come_along_are_closed) {
  auto [one, other] = unix_datagram::pair();
  const int fd = one.native_handle();
  alignas(cmsghdr) char beside[CMSG_SPACE(sizeof(fd))] = {};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside;
  message.msg_controllen = sizeof(beside);
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(fd));
  std::memcpy(CMSG_DATA(head), &fd, sizeof(fd));
  ASSERT_EQ(::sendmsg(fd, &message, 0), 1);
  char buf[8];
  std::string from;
  EXPECT_EQ(other.receive_from(buf, from).count, 1u);
}

}  // namespace
}  // namespace weft::testing
