// Room: tests of posix. Who closes what is open does not close what a runtime has for itself.

#include <weft/posix.hpp>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <weft/netpoll/detail/own_numbers.hpp>

namespace {

namespace posix = weft::posix;

std::vector<int> own_numbers() {
  std::vector<int> all;
  for (int fd = 0; (fd = weft::net::detail::next_own_number(static_cast<unsigned>(fd))) >= 0; ++fd) all.push_back(fd);
  return all;
}

std::string what_is(int fd) { return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)); }

// There is a poller as soon as one is needed.
void wait_for_a_descriptor() {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pollfd reads{ends[0], POLLIN, 0};
  EXPECT_EQ(posix::poll(&reads, 1, 1), 0);
  for (const int end : ends) EXPECT_EQ(posix::close(end), 0);
}

FIBER_TEST(posix, a_poller_keeps_its_numbers_from_who_closes_them) {
  wait_for_a_descriptor();
  ASSERT_GE(own_numbers().size(), 2U);
  for (const int ours : own_numbers()) {
    const std::string before = what_is(ours);
    EXPECT_EQ(posix::close(ours), -1);
    EXPECT_EQ(posix::last_error(), EBADF);
    EXPECT_EQ(posix::dup2(0, ours), -1);
    EXPECT_EQ(posix::last_error(), EBUSY);
    EXPECT_EQ(posix::close_range(static_cast<unsigned>(ours), static_cast<unsigned>(ours), 0), 0);
    EXPECT_EQ(what_is(ours), before);
  }
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

FIBER_TEST(posix, ranges_are_closed_around_the_numbers_of_a_poller) {
  constexpr int k_first = 500;
  for (int fd = k_first; fd < k_first + 5; ++fd) ASSERT_EQ(::fcntl(0, F_DUPFD, fd), fd);
  for (const int ours : {k_first + 1, k_first + 3}) weft::net::detail::keep_own_number(ours);
  EXPECT_EQ(posix::close_range(k_first, k_first + 4, 0), 0);
  for (int fd = k_first; fd < k_first + 5; ++fd) EXPECT_EQ(is_open(fd), fd % 2 != k_first % 2) << fd;
  for (const int ours : {k_first + 1, k_first + 3}) {
    weft::net::detail::give_up_own_number(ours);
    EXPECT_EQ(posix::close(ours), 0);
  }
}

}  // namespace
