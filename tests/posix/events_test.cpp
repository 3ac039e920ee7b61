// Room: tests of posix. Eventfds, which are written after a look, or by what the look does not promise.

#include <weft/posix.hpp>

#include <cerrno>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/spawn.hpp>

#include "descriptors.hpp"

namespace {

namespace posix = weft::posix;
using weft::testing::expect_blocking;
using weft::testing::wait_until_all_parked;

// poll says that 1 can be written, and 2 cannot.
FIBER_TEST(posix, a_number_that_an_eventfd_has_no_room_for_waits_and_can_be_called_off) {
  const int event = ::eventfd(0, EFD_CLOEXEC);
  ASSERT_EQ(::eventfd_write(event, UINT64_MAX - 2), 0);
  const std::uint64_t two = 2;
  std::vector<weft::join_handle<void>> idle;  // many, and none takes another's try for the caller's own O_NONBLOCK
  for (int i = 0; i < 20; ++i)
    idle.push_back(weft::spawn([&] {
      EXPECT_EQ(posix::write(event, &two, sizeof(two)), -1);
      EXPECT_EQ(posix::last_error(), ECANCELED);
    }));
  auto writer = weft::spawn([&] { EXPECT_EQ(posix::write(event, &two, sizeof(two)), 8); });
  wait_until_all_parked();
  for (auto& each : idle) each.request_stop();
  for (auto& each : idle) each.join();
  std::uint64_t held = 0;
  EXPECT_EQ(posix::read(event, &held, sizeof(held)), 8);
  EXPECT_EQ(held, UINT64_MAX - 2);
  writer.join();
  EXPECT_EQ(posix::read(event, &held, sizeof(held)), 8);
  EXPECT_EQ(held, 2U);
  expect_blocking(event);
  posix::close(event);
}

}  // namespace
