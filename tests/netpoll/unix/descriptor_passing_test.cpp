// Room: tests of netpoll. Descriptors that travel over a unix_stream: what comes works, what does not come is told, and
// nothing leaks, which the leak check behind each test sees.

#include <weft/netpoll/dial_unix.hpp>
#include <weft/netpoll/unix_listener.hpp>
#include <weft/netpoll/unix_stream.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/spawn.hpp>

#include <faults.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::owned_descriptor;
using net::unix_stream;

struct plain_pipe {
  owned_descriptor out, in;
  plain_pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
};

// The first of them is the write end of the pipe, or a copy of it.
bool reaches(const plain_pipe& pipe, const owned_descriptor& copy) {
  char got = 0;
  return ::write(copy.get(), "x", 1) == 1 && ::read(pipe.out.get(), &got, 1) == 1 && got == 'x';
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

FIBER_TEST(descriptor_passing, what_comes_is_a_copy_that_works_and_is_closed_by_exec) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  one.send_descriptor(pipe.in.get());
  const owned_descriptor copy = other.receive_descriptor();
  EXPECT_NE(copy.get(), pipe.in.get());
  EXPECT_TRUE(reaches(pipe, copy));
  EXPECT_TRUE(reaches(pipe, pipe.in)) << "the sender keeps its own";
  EXPECT_NE(::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC, 0);
}

FIBER_TEST(descriptor_passing, several_go_with_the_first_byte_and_the_rest_of_the_bytes_follows) {
  auto [one, other] = unix_stream::pair();
  plain_pipe first, second;
  const int both[] = {first.in.get(), second.in.get()};
  const std::string text(500'000, 'y');  // more than the system takes at once
  auto sending = spawn([&one = one, &both, &text] { one.send_descriptors(both, bytes_of(text)); });
  std::byte buf[4096];
  std::array<owned_descriptor, 4> places;
  places[0].reset(::dup(first.in.get()));  // what stood there before is closed
  const auto got = other.receive_descriptors(buf, places);
  ASSERT_EQ(got.descriptors, 2u);
  EXPECT_FALSE(got.were_dropped);
  EXPECT_TRUE(reaches(first, places[0]));
  EXPECT_TRUE(reaches(second, places[1]));
  EXPECT_FALSE(places[2]);
  std::size_t read = got.count;
  while (read < text.size()) read += other.read_some(buf);
  EXPECT_EQ(read, text.size());
  sending.join();
}

// A read stops behind bytes that came with descriptors: it was short, and the queue is not empty all the same.
FIBER_TEST(descriptor_passing, a_plain_read_drops_them_and_goes_on_to_what_is_behind) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  for (const bool exactly : {false, true}) {
    one.send_descriptor(pipe.in.get());
    one.write_all("behind");
    char got[7];
    if (exactly) {
      other.read_exactly(got);
    } else {
      EXPECT_EQ(other.read_some(got), 1u);
      EXPECT_EQ(other.read_some(got), 6u);
    }
  }
  one.write_all("a");
  one.send_descriptor(pipe.in.get());
  one.write_all("b");
  std::byte buf[8];
  std::size_t descriptors = 0;
  for (std::size_t read = 0; read < 3;) {
    std::array<owned_descriptor, 4> places;
    const auto got = other.receive_descriptors(buf, places);
    read += got.count;
    descriptors += got.descriptors;
  }
  EXPECT_EQ(descriptors, 1u);
}

FIBER_TEST(descriptor_passing, a_chunk_drops_them_and_the_next_one_is_what_is_behind) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  for (int i = 0; i < 3; ++i) {
    one.send_descriptor(pipe.in.get());
    one.write_all("behind");
    EXPECT_EQ(other.read_chunk().size(), 1u);
    EXPECT_EQ(other.read_chunk().text(), "behind");
  }
}

// Linux since 6.16, asked by the number of SO_PASSRIGHTS, which older headers do not have.
bool system_refuses_descriptors() {
#if defined(WEFT_EPOLL) && (defined(__x86_64__) || defined(__aarch64__))
  const owned_descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  const int no = 0;
  return ::setsockopt(socket.get(), SOL_SOCKET, 83, &no, sizeof no) == 0;
#else
  return false;
#endif
}

void expect_bytes_alone(unix_stream& sender, unix_stream& receiver) {
  plain_pipe pipe;
  for (int i = 0; i < 3; ++i) {
    std::error_code ec;
    sender.send_descriptors(std::array{pipe.in.get()}, bytes_of("ab"), ec);
    const bool is_refused = ec == std::errc::operation_not_permitted;
    EXPECT_EQ(is_refused, system_refuses_descriptors()) << ec.message();
    if (is_refused) sender.write_all("ab");
    sender.write_all("behind");
    char got[8];
    receiver.read_exactly(got);
    EXPECT_EQ(std::string(got, sizeof got), "abbehind");
  }
}

FIBER_TEST(descriptor_passing, an_end_that_takes_none_is_sent_none_and_misses_no_byte) {
  const std::string name = "@weft bytes alone " + std::to_string(::getpid());
  auto listener = net::listen_unix(name, {.takes_descriptors = false});
  auto client = net::dial_unix(name, {.takes_descriptors = false});
  auto served = listener.accept();
  expect_bytes_alone(client, served);
  expect_bytes_alone(served, client);

  auto moved = net::unix_listener();
  moved = std::move(listener);
  auto other = net::dial_unix(name);
  served = moved.accept();
  expect_bytes_alone(other, served);
  plain_pipe pipe;
  served.send_descriptor(pipe.in.get());
  EXPECT_TRUE(reaches(pipe, other.receive_descriptor())) << "the other end takes them as ever";
  auto reading = spawn([&served] {
    char got[4];
    return served.read_some(got);
  });
  other.write_all("x");
  EXPECT_EQ(reading.join(), 1u);
}

FIBER_TEST(descriptor_passing, more_than_was_asked_for_are_dropped_and_told) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  const std::vector<int> many(7, pipe.in.get());
  for (const std::size_t most : {0u, 1u, 2u, 3u, 6u}) {
    one.send_descriptors(many, bytes_of("x"));
    std::byte buf[8];
    std::array<owned_descriptor, 7> places;
    const auto got = other.receive_descriptors(buf, std::span(places).first(most));
    EXPECT_EQ(got.count, 1u);
    EXPECT_EQ(got.descriptors, most);
    EXPECT_TRUE(got.were_dropped);
  }
}

FIBER_TEST(descriptor_passing, what_cannot_be_sent_is_refused) {
  auto [one, other] = unix_stream::pair();
  expect_error(std::errc::invalid_argument, [&, &one = one] { one.send_descriptors({}, bytes_of("x")); });
  const std::vector<int> too_many(254, 0);
  expect_error(std::errc::invalid_argument, [&, &one = one] { one.send_descriptors(too_many, bytes_of("x")); });
  const std::vector<int> most(253, 0);
  expect_error(std::errc::invalid_argument, [&, &one = one] { one.send_descriptors(most, {}); });
  expect_error(std::errc::bad_file_descriptor, [&one = one] { one.send_descriptor(-1); });
  one.send_descriptors(most, bytes_of("x"));
  std::byte buf[1];
  std::vector<owned_descriptor> places(1000);
  EXPECT_EQ(other.receive_descriptors(buf, places).descriptors, 253u);
}

FIBER_TEST(descriptor_passing, one_that_does_not_come_is_named) {
  auto [one, other] = unix_stream::pair();
  std::error_code ec;
  one.write_all("x");
  EXPECT_FALSE(other.receive_descriptor(ec));
  EXPECT_EQ(ec, std::errc::no_message);
  one.close();
  EXPECT_FALSE(other.receive_descriptor(ec));
  EXPECT_EQ(ec, net::errc::end_of_stream);
}

FIBER_TEST(descriptor_passing, those_that_nobody_receives_are_closed) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  one.send_descriptor(pipe.in.get());
  pipe.in.reset();
  one.close();
  other.close();
  char end;
  EXPECT_EQ(::read(pipe.out.get(), &end, 1), 0) << "the copy under way is gone";
}

FIBER_TEST(descriptor_passing, without_descriptors_to_spare_the_bytes_come_and_the_loss_is_told) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  one.send_descriptor(pipe.in.get());
  one.write_all("y");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::error_code ec;
  const owned_descriptor dropped = other.receive_descriptor(ec);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(dropped);
  EXPECT_EQ(ec, std::errc::too_many_files_open);
  char got[1];
  EXPECT_EQ(other.read_some(got), 1u);
}

FIBER_TEST(descriptor_passing, under_faults_every_one_comes_or_is_told) {
  auto [one, other] = unix_stream::pair();
  plain_pipe pipe;
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .interrupted = 200, .short_transfer = 300, .exhausted = 300});
  const std::string text = "twelve bytes";
  for (int i = 0; i < 50; ++i) {
    const int fd = pipe.in.get();
    one.send_descriptors({&fd, 1}, bytes_of(text));
    std::byte buf[12];
    std::size_t came = 0;
    std::size_t dropped = 0;
    for (std::size_t read = 0; read < text.size();) {
      std::array<owned_descriptor, 1> places;
      const auto got = other.receive_descriptors(std::span(buf).subspan(read), places);
      read += got.count;
      came += got.descriptors;
      dropped += got.were_dropped ? 1 : 0;
    }
    EXPECT_EQ(came + dropped, 1u);
  }
  EXPECT_GT(faults.injected(net::detail::fault::exhausted), 0u);
}

FIBER_TEST(descriptor_passing, the_peer_is_known) {
  auto [one, other] = unix_stream::pair();
  const net::peer_credentials who = one.peer_credentials();
  EXPECT_EQ(who.process, ::getpid());
  EXPECT_EQ(who.user, ::geteuid());
  EXPECT_EQ(who.group, ::getegid());
  one.close();
  expect_error(std::errc::bad_file_descriptor, [&one = one] { static_cast<void>(one.peer_credentials()); });
}

}  // namespace
}  // namespace weft::testing
