// Room: tests of netpoll. What is epoll's alone.

#include <epoll_poller.hpp>

#include <chrono>

#include <gtest/gtest.h>

#include <faults.hpp>

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// Before Linux 5.11 epoll counts in milliseconds; a wait that ended early would become a busy loop until its deadline.
TEST(epoll_poller, milliseconds_are_rounded_up) {
  const net::detail::fault_injection faults({.old_kernel = 1024});
  net::detail::epoll_poller poller;
  weft::detail::ready_batch none;
  for (int i = 0; i < 5; ++i) {
    const auto until = std::chrono::steady_clock::now() + 300us;
    poller.poll(deadline::at(until), none);
    EXPECT_GE(std::chrono::steady_clock::now(), until);
  }
  poller.wake();
  poller.poll(deadline::never(), none);
  EXPECT_GT(faults.injected(net::detail::fault::old_kernel), 0u);
}

}  // namespace
}  // namespace weft::testing
