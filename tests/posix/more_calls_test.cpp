// Room: tests of posix. Calls that move many things at once, or have others wait in their stead.

#include <weft/posix.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faults.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/detail/page_cache.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "descriptors.hpp"

namespace {

namespace posix = weft::posix;
using weft::net::detail::fault_injection;
using weft::testing::expect_blocking;
using weft::testing::socket_ends;
using weft::testing::temporary_file;
using weft::testing::wait_until_all_parked;

// As many messages of an int each.
template <std::size_t Count>
struct messages {
  std::array<int, Count> numbers{};
  std::array<iovec, Count> parts{};
  std::array<mmsghdr, Count> heads{};

  messages() {
    for (std::size_t i = 0; i < Count; ++i) {
      numbers[i] = static_cast<int>(i);
      parts[i] = {&numbers[i], sizeof(int)};
      heads[i].msg_hdr.msg_iov = &parts[i];
      heads[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

FIBER_TEST(posix_more, several_buffers_have_a_place_in_a_file) {
  const temporary_file at;
  char text[] = "hello world";
  const iovec out[2] = {{text, 5}, {text + 5, 6}};
  EXPECT_EQ(posix::pwritev(at.fd, out, 2, 3), 11);
  char first[4] = {}, second[16] = {};
  const iovec in[2] = {{first, 3}, {second, 15}};
  EXPECT_EQ(posix::preadv(at.fd, in, 2, 3), 11);
  EXPECT_EQ(std::string(first) + second, text);
  EXPECT_EQ(posix::preadv(at.fd, in, 2, 100), 0);
  const socket_ends no_place(SOCK_STREAM);
  EXPECT_EQ(posix::preadv(no_place.in, in, 2, 0), -1);
  EXPECT_EQ(posix::last_error(), ESPIPE);
}

FIBER_TEST(posix_more, a_batch_waits_for_its_last_message_unless_told_otherwise) {
  const socket_ends both(SOCK_DGRAM);
  std::atomic<int> step{0};
  auto receiver = weft::spawn([&] {
    messages<8> got;
    EXPECT_EQ(posix::recvmmsg(both.in, got.heads.data(), 8, 0, nullptr), 8);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(got.numbers[static_cast<std::size_t>(i)], i);
    step = 1;
    const int some = posix::recvmmsg(both.in, got.heads.data(), 8, MSG_WAITFORONE, nullptr);
    EXPECT_GE(some, 1);
    EXPECT_LE(some, 3);
    if (some < 3) {
      EXPECT_EQ(posix::recvmmsg(both.in, got.heads.data(), static_cast<unsigned>(3 - some), 0, nullptr), 3 - some);
    }
    EXPECT_EQ(posix::recvmmsg(both.in, got.heads.data(), 8, MSG_DONTWAIT, nullptr), -1);
    EXPECT_EQ(posix::last_error(), EAGAIN);
    step = 2;
    timespec none{0, 0};
    EXPECT_EQ(posix::recvmmsg(both.in, got.heads.data(), 8, 0, &none), 1);
  });
  const auto reach = [&step](int wanted) {
    while (step != wanted) weft::this_fiber::yield();
  };
  messages<8> sent;
  EXPECT_EQ(posix::sendmmsg(both.out, sent.heads.data(), 5, 0), 5);
  wait_until_all_parked();
  EXPECT_EQ(posix::sendmmsg(both.out, sent.heads.data() + 5, 3, 0), 3);
  reach(1);
  EXPECT_EQ(posix::sendmmsg(both.out, sent.heads.data(), 3, 0), 3);
  reach(2);
  EXPECT_EQ(posix::sendmmsg(both.out, sent.heads.data(), 2, 0), 2);
  receiver.join();
  expect_blocking(both.in);
}

FIBER_TEST(posix_more, a_batch_waits_for_room) {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    const socket_ends both(type);
    constexpr int k_all = 2000;
    messages<k_all> sent;
    auto sender = weft::spawn([&] {
      for (int done = 0; done < k_all;) {
        const int n = posix::sendmmsg(both.out, sent.heads.data() + done, static_cast<unsigned>(k_all - done), 0);
        ASSERT_GT(n, 0);
        done += n;
      }
    });
    for (int i = 0, got = -1; i < k_all; ++i) {
      ASSERT_EQ(posix::recv(both.in, &got, sizeof(got), MSG_WAITALL), 4);
      ASSERT_EQ(got, i);
    }
    sender.join();
  }
}

// What cuts it here is memory that nobody may read: the kernel sends what comes before in pieces of its own.
FIBER_TEST(posix_more, a_batch_of_a_stream_ends_with_the_message_that_was_cut) {
  const socket_ends both(SOCK_STREAM);
  std::string good(150'000, 'x'), after = "y";
  void* const shut = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shut, MAP_FAILED);
  iovec cut[2] = {{good.data(), good.size()}, {shut, 8}};
  iovec next{after.data(), 1};
  mmsghdr heads[2]{};
  heads[0].msg_hdr.msg_iov = cut;
  heads[0].msg_hdr.msg_iovlen = 2;
  heads[1].msg_hdr.msg_iov = &next;
  heads[1].msg_hdr.msg_iovlen = 1;
  EXPECT_EQ(posix::sendmmsg(both.out, heads, 2, 0), 1);
  EXPECT_GT(heads[0].msg_len, 0u);
  ::munmap(shut, 4096);
}

FIBER_TEST(posix_more, a_file_goes_out_as_there_is_room) {
  const temporary_file at;
  std::string text(3'000'000, '-');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  ASSERT_EQ(posix::write(at.fd, text.data(), text.size()), 3'000'000);
  const socket_ends both(SOCK_STREAM);
  auto sender = weft::spawn([&] {
    off_t from = 7;
    EXPECT_EQ(posix::sendfile(both.out, at.fd, &from, 4'000'000), 2'999'993);
    EXPECT_EQ(from, 3'000'000);
  });
  std::string got(2'999'993, '-');
  EXPECT_EQ(posix::recv(both.in, got.data(), got.size(), MSG_WAITALL), 2'999'993);
  EXPECT_EQ(got, text.substr(7));
  sender.join();
  expect_blocking(both.out);
}

std::string filled(const temporary_file& at, std::size_t size) {
  std::string text(size, '-');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  EXPECT_EQ(posix::pwrite(at.fd, text.data(), size, 0), static_cast<ssize_t>(size));
  return text;
}

void expect_sent_whole(const temporary_file& at, const std::string& text) {
  const socket_ends both(SOCK_STREAM);
  ASSERT_EQ(::lseek(at.fd, 1000, SEEK_SET), 1000);
  auto sender = weft::spawn([&] { EXPECT_EQ(posix::sendfile(both.out, at.fd, nullptr, text.size()), 2'499'000); });
  std::string got(2'499'000, '-');
  EXPECT_EQ(posix::recv(both.in, got.data(), got.size(), MSG_WAITALL), 2'499'000);
  EXPECT_EQ(got, text.substr(1000));
  sender.join();
  EXPECT_EQ(::lseek(at.fd, 0, SEEK_CUR), 2'500'000);
}

// A page cache that tells nothing (by some seeds it tells of all) is a file not in memory: a helper reads each piece.
FIBER_TEST(posix_more, a_file_that_is_not_in_memory_goes_out_whole) {
  const temporary_file at;
  const std::string text = filled(at, 2'500'000);
  const fault_injection faults({.seed = weft::testing::seed_of_this_test(), .refused = 500});
  do expect_sent_whole(at, text);
  while (faults.injected(weft::net::detail::fault::refused) == 0 && !::testing::Test::HasFailure());
}

// Only the helper's turn is a cancellation point, for there is room: so what is in memory goes out nevertheless.
FIBER_TEST(posix_more, what_is_not_in_memory_is_waited_for_elsewhere) {
  const temporary_file at;
  const std::string text = filled(at, 5000);
  const socket_ends both(SOCK_STREAM);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  auto sender = weft::spawn([&] {
    EXPECT_GT(posix::sleep(60), 0u) << "until it is asked to end";
    off_t from = 0;
    {
      const fault_injection faults({.seed = weft::testing::seed_of_this_test(), .refused = 1024});
      EXPECT_EQ(posix::sendfile(both.out, at.fd, &from, text.size()), -1);
      EXPECT_EQ(posix::last_error(), ECANCELED);
      EXPECT_EQ(posix::splice(at.fd, &from, pipe[1], nullptr, text.size(), 0), -1);
      EXPECT_EQ(posix::last_error(), ECANCELED);
      EXPECT_EQ(from, 0);
    }
    if (!weft::net::detail::is_in_page_cache(at.fd, 0, text.size())) return;  // a kernel without cachestat
    EXPECT_EQ(posix::sendfile(both.out, at.fd, &from, text.size()), 5000);
    EXPECT_EQ(from, 5000);
    from = 0;
    EXPECT_EQ(posix::splice(at.fd, &from, pipe[1], nullptr, text.size(), 0), 5000);
  });
  wait_until_all_parked();
  sender.request_stop();
  sender.join();
  posix::close(pipe[0]);
  posix::close(pipe[1]);
}

FIBER_TEST(posix_more, a_file_goes_into_a_file_whole) {
  const temporary_file from, to;
  const std::string text = filled(from, 2'500'000);
  off_t at = 500'000;
  EXPECT_EQ(posix::sendfile(to.fd, from.fd, &at, 3'000'000), 2'000'000);
  EXPECT_EQ(at, 2'500'000);
  std::string got(2'000'000, '-');
  EXPECT_EQ(posix::pread(to.fd, got.data(), got.size(), 0), 2'000'000);
  EXPECT_EQ(got, text.substr(500'000));
}

FIBER_TEST(posix_more, splice_waits_for_bytes_and_for_room) {
  const socket_ends source(SOCK_STREAM);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  constexpr ssize_t k_all = 1'000'000;
  auto mover = weft::spawn([&] {
    for (ssize_t moved = 0; moved < k_all;) {
      const ssize_t n = posix::splice(source.in, nullptr, pipe[1], nullptr, 1u << 20, 0);
      ASSERT_GT(n, 0);
      moved += n;
    }
  });
  wait_until_all_parked();
  const std::string text(static_cast<std::size_t>(k_all), 'x');
  auto writer = weft::spawn([&] { EXPECT_EQ(posix::write(source.out, text.data(), text.size()), k_all); });
  wait_until_all_parked();  // the pipe is full
  std::string got(text.size(), '-');
  for (std::size_t done = 0; done < got.size();) {
    const ssize_t n = posix::read(pipe[0], got.data() + done, got.size() - done);
    ASSERT_GT(n, 0);
    done += static_cast<std::size_t>(n);
  }
  EXPECT_EQ(got, text);
  writer.join();
  mover.join();
  auto idle = weft::spawn([&] {
    EXPECT_EQ(posix::splice(source.in, nullptr, pipe[1], nullptr, 1, 0), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
  });
  wait_until_all_parked();
  idle.request_stop();
  idle.join();
  expect_blocking(source.in);
  posix::close(pipe[0]);
  posix::close(pipe[1]);
}

FIBER_TEST(posix_more, epoll_has_a_time_in_nanoseconds) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int watched = ::eventfd(0, EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, watched, &event), 0);
  const timespec soon{0, 1'000'000}, none{0, 0}, wrong{0, -1};
  EXPECT_EQ(posix::epoll_pwait2(epoll, &event, 1, &soon, nullptr), 0);
  EXPECT_EQ(posix::epoll_pwait2(epoll, &event, 1, &none, nullptr), 0);
  EXPECT_EQ(posix::epoll_pwait2(epoll, &event, 1, &wrong, nullptr), -1);
  EXPECT_EQ(posix::last_error(), EINVAL);
  auto waiter = weft::spawn([&] { EXPECT_EQ(posix::epoll_pwait2(epoll, &event, 1, nullptr, nullptr), 1); });
  wait_until_all_parked();
  EXPECT_EQ(::eventfd_write(watched, 1), 0);
  waiter.join();
  posix::close(watched);
  posix::close(epoll);
}

FIBER_TEST(posix_more, hosts_are_looked_up_in_the_old_way_as_well) {
  const hostent* const host = posix::gethostbyname("127.0.0.1");
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->h_length, 4);
  hostent answer{};
  hostent* found = nullptr;
  char buffer[1024];
  int error = 0;
  EXPECT_EQ(posix::gethostbyname2_r("127.0.0.1", AF_INET, &answer, buffer, sizeof(buffer), &found, &error), 0);
  EXPECT_EQ(found, &answer);
  EXPECT_EQ(posix::gethostbyname_r("127.0.0.1", &answer, buffer, 1, &found, &error), ERANGE);
}

FIBER_TEST(posix_more, commands_are_waited_for) {
  EXPECT_EQ(WEXITSTATUS(posix::system("exit 3")), 3);
  std::FILE* const said = posix::popen("echo hello; exit 4", "r");
  ASSERT_NE(said, nullptr);
  char text[16] = {};
  EXPECT_EQ(std::fgets(text, sizeof(text), said), text);
  EXPECT_STREQ(text, "hello\n");
  EXPECT_EQ(WEXITSTATUS(posix::pclose(said)), 4);
}

// Run by the next one, in a process in which every thread has SIGUSR1 blocked.
TEST(posix_signals, DISABLED_are_waited_for_where_all_have_them_blocked) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  weft::run([&] {
    const timespec soon{0, 1'000'000};
    EXPECT_EQ(posix::sigtimedwait(&wanted, nullptr, &soon), -1);
    EXPECT_EQ(posix::last_error(), EAGAIN);
    int number = 0;
    auto waiter = weft::spawn([&] { EXPECT_EQ(posix::sigwait(&wanted, &number), 0); });
    wait_until_all_parked();
    EXPECT_EQ(::kill(::getpid(), SIGUSR1), 0);
    waiter.join();
    EXPECT_EQ(number, SIGUSR1);
    auto idle = weft::spawn([&] { EXPECT_EQ(posix::sigwait(&wanted, &number), ECANCELED); });
    wait_until_all_parked();
    idle.request_stop();
    idle.join();
  });
}

TEST(posix_signals, are_waited_for) {
  posix_spawnattr_t how;
  ASSERT_EQ(::posix_spawnattr_init(&how), 0);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::posix_spawnattr_setsigmask(&how, &blocked);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  std::string self = "/proc/self/exe", filter = "--gtest_filter=*DISABLED_are_waited_for*",
              disabled = "--gtest_also_run_disabled_tests";
  char* const words[] = {self.data(), filter.data(), disabled.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/proc/self/exe", nullptr, &how, words, environ), 0);
  int status = -1;
  EXPECT_EQ(posix::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::posix_spawnattr_destroy(&how);
}

FIBER_TEST(posix, waitid_tells_of_a_child_by_each_of_its_names) {
  for (const idtype_t kind : {P_PID, P_ALL, P_PIDFD}) {
    std::string name = "true";
    char* const words[] = {name.data(), nullptr};
    pid_t child = 0;
    ASSERT_EQ(::posix_spawnp(&child, "true", nullptr, nullptr, words, environ), 0);
    const int watch = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    ASSERT_GE(watch, 0);
    siginfo_t what{};
    const id_t id = kind == P_PIDFD ? static_cast<id_t>(watch) : static_cast<id_t>(child);
    EXPECT_EQ(posix::waitid(kind, id, &what, WEXITED), 0) << kind;
    EXPECT_EQ(what.si_pid, child) << kind;
    EXPECT_EQ(what.si_status, 0) << kind;
    posix::close(watch);
  }
  EXPECT_EQ(posix::waitid(P_PID, static_cast<id_t>(::getpid()), nullptr, WEXITED), -1);
  EXPECT_EQ(posix::last_error(), ECHILD);
}

FIBER_TEST(posix, who_waits_by_waitid_can_be_called_off) {
  int stop[2];
  ASSERT_EQ(::pipe2(stop, O_CLOEXEC), 0);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, stop[0], 0);
  std::string name = "cat";
  char* const words[] = {name.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawnp(&child, "cat", &files, nullptr, words, environ), 0);
  ::posix_spawn_file_actions_destroy(&files);
  posix::close(stop[0]);
  auto waits = weft::spawn([&] {
    siginfo_t what{};
    const int result = posix::waitid(P_PID, static_cast<id_t>(child), &what, WEXITED);
    return result < 0 ? posix::last_error() : 0;
  });
  wait_until_all_parked();
  waits.request_stop();
  EXPECT_EQ(waits.join(), ECANCELED);
  posix::close(stop[1]);
  int status = -1;
  EXPECT_EQ(posix::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
