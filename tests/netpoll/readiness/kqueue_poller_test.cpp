// Room: tests of netpoll. What is kqueue's alone.

#include <kqueue_poller.hpp>

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include <kqueue_calls.hpp>
#include <faults.hpp>
#include <unique_fd.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::detail::unique_fd;

#if defined(WEFT_KQUEUE_IS_EMULATED)
// The emulation has a thread and some descriptors as long as there is any kqueue: they would be taken for a leak of
// whichever test is the first.
const int kept_for_the_emulation = net::detail::open_kqueue().fd;
#endif

// A signal may have eaten the edge of the user event: a wake after it must not believe that one is still on its way.
TEST(kqueue_poller, a_wake_that_a_signal_has_eaten_is_raised_again) {
  net::detail::kqueue_poller poller;
  weft::detail::ready_batch none;
  {
    const net::detail::fault_injection faults({.interrupted = 1024});
    poller.poll(deadline::never(), none);  // interrupted at once
  }
  poller.wake();
  poller.poll(deadline::never(), none);
}

TEST(kqueue_poller, a_user_event_is_an_edge) {
  const kqueues_are_closed last;
  const unique_fd kqueue(net::detail::open_kqueue().fd);
  ASSERT_FALSE(net::detail::add_user_event(kqueue.get()));
  std::array<struct kevent, 4> events;
  bool interrupted = false;
  const auto look = [&] {
    return net::detail::wait_for_events(kqueue.get(), events, deadline::from_nanoseconds(0), interrupted);
  };
  EXPECT_EQ(look(), 0u);
  for (int i = 0; i < 3; ++i) {
    net::detail::raise_user_event(kqueue.get());
    net::detail::raise_user_event(kqueue.get());
    EXPECT_EQ(look(), 1u);
    EXPECT_EQ(events[0].filter, EVFILT_USER);
    EXPECT_EQ(look(), 0u) << "raised once, told twice";
  }
}

TEST(kqueue_poller, a_deadline_farther_than_the_kernel_counts_is_no_error) {
  net::detail::kqueue_poller poller;
  weft::detail::ready_batch none;
  poller.wake();
  poller.poll(deadline::from_nanoseconds(INT64_MAX - 1), none);
}

}  // namespace
}  // namespace weft::testing
