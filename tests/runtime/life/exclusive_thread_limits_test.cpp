// Who gets no thread of its own, and how that is told; what becomes of those who have one at the end; who is shown to
// have one.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/syscall.h>
#include <unistd.h>

#include <support/contains.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/exclusive_thread.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;
using weft::exclusive_thread;
using weft::testing::contains;
using weft::testing::expect_error;
using weft::testing::wait_until;

long kernel_thread() { return ::syscall(SYS_gettid); }

TEST(exclusive_thread, the_end_of_a_runtime_reaches_fibers_that_have_one) {
  struct at_end {
    std::atomic<int>& ended;
    long home = kernel_thread();
    ~at_end() {
      EXPECT_EQ(kernel_thread(), home);
      ++ended;
    }
  };
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    std::atomic<int> begun{0}, ended{0};
    weft::runtime rt({.workers = workers});
    for (int i = 0; i < 12; ++i)
      rt.go([&, i] {
        const exclusive_thread here;
        const at_end noted{ended};
        ++begun;
        if (i % 2 == 0) weft::this_fiber::sleep_for(1h);
        for (;;) weft::this_fiber::yield();
      });
    wait_until([&begun] { return begun == 12; });
    rt.stop();
    EXPECT_EQ(ended, 12);
  }
}

FIBER_TEST(exclusive_thread, one_that_was_asked_to_end_gets_none) {
  std::atomic<bool> asked{false};
  auto fiber = weft::spawn([&asked] {
    while (!asked) {
      const weft::shield_guard until_then;
      weft::this_fiber::yield();
    }
    const exclusive_thread here;
    ADD_FAILURE() << "not a cancellation point";
  });
  fiber.request_stop();
  asked = true;
  expect_error(std::errc::operation_canceled, [&] { fiber.join(); });
}

TEST(exclusive_thread, one_too_many_is_refused_and_has_its_turn_later) {
  weft::run({.workers = 2}, [] {
    constexpr int k_most = 256;
    std::atomic<int> here{0};
    std::atomic<bool> over{false};
    weft::testing::fibers fibers;
    for (int i = 0; i < k_most; ++i)
      fibers.push_back(weft::spawn([&] {
        const exclusive_thread mine;
        ++here;
        while (!over) weft::this_fiber::sleep_for(1ms);
      }));
    wait_until([&here] { return here == k_most; });
    try {
      const exclusive_thread one_more;
      ADD_FAILURE() << "256 have one already";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
      EXPECT_TRUE(contains(error.what(), "exclusive_thread: 256 fibers .* have a thread of their own")) << error.what();
    }
    over = true;
    weft::testing::join_all(fibers);
    wait_until([] {
      try {
        const exclusive_thread mine;
        return true;
      } catch (const std::system_error&) {
        return false;  // whoever ends gives back its thread in a moment
      }
    });
  });
}

template <class F>
void expect_refusal(const std::string& why, F call) {
  try {
    call();
    ADD_FAILURE() << "not refused: " << why;
  } catch (const std::logic_error& error) {
    EXPECT_TRUE(contains(error.what(), "exclusive_thread.*" + why)) << error.what();
  }
}

TEST(exclusive_thread, is_refused_by_name_where_there_can_be_none) {
  const auto make = [] { const exclusive_thread here; };
  expect_refusal("outside a runtime", make);
  weft::simulate({.seed = 1}, [&] { expect_refusal("inside a simulation", make); });
  weft::run([&] {
    {
      const weft::pin_guard pin;
      expect_refusal("stays on its thread", make);
    }
    make();
    weft::spawn({.pinned = true}, [&] { expect_refusal("stays on its thread", make); }).join();
  });
}

FIBER_TEST(exclusive_thread, dumps_and_snapshots_tell_who_has_one) {
  wait_token gate;
  auto fiber = weft::spawn({.name = "loop"}, [&gate] {
    const exclusive_thread here;
    gate = arm(cancellation::ignored);
    (void)park(gate, weft::deadline::never(), "the door");
  });
  weft::testing::wait_until_all_parked();
  const weft::process_snapshot seen = weft::snapshot();
  const auto at =
      std::find_if(seen.fibers.begin(), seen.fibers.end(), [&](const auto& f) { return f.id == fiber.get_id(); });
  ASSERT_NE(at, seen.fibers.end());
  ASSERT_TRUE(at->has_own_thread && at->pinned_to);
  const std::string worker = std::to_string(*at->pinned_to);
  EXPECT_TRUE(std::any_of(seen.threads.begin(), seen.threads.end(),
                          [&](const auto& t) { return t.name == "weft-alone-" + worker; }));
  std::ostringstream text;
  weft::dump(text);
  EXPECT_TRUE(contains(text.str(), ": the door, alone on worker " + worker + "\n")) << text.str();
  unpark(claim(gate, wake_reason::ready));
  fiber.join();
}

}  // namespace
