// Room: tests of netpoll. Waiting for children: by several, for so long, cancelled, given up; and that whoever goes
// leaves neither zombie nor descriptor.

#include <weft/netpoll/process.hpp>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <faults.hpp>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"
#include "process/process_support.hpp"

namespace weft::testing {
namespace {

using net::exit_status;
using net::process;
using net::stdio;
using namespace std::chrono_literals;

// Lives until its input ends, or it is killed.
process long_lived(bool kill_on_cancel = false) {
  return process({"cat"}, {.in = stdio::pipe(), .out = stdio::null(), .kill_on_cancel = kill_on_cancel});
}

FIBER_TEST(process_wait, several_are_told_the_same) {
  process child = long_lived();
  std::vector<join_handle<exit_status>> waiters;
  for (int i = 0; i < 4; ++i) waiters.push_back(spawn([&] { return child.wait(); }));
  await_parked(4, "process");
  EXPECT_EQ(child.try_wait(), std::nullopt);
  child.in().close();
  for (auto& each : waiters) EXPECT_EQ(each.join(), exit_status{.code = 0});
  EXPECT_EQ(child.try_wait(), exit_status{.code = 0});
}

FIBER_TEST(process_wait, has_a_limit_that_leaves_the_child_alone) {
  process child = long_lived(true);
  EXPECT_EQ(child.wait_for(1ms), std::nullopt);
  EXPECT_EQ(child.wait_for(0s), std::nullopt);
  EXPECT_EQ(child.wait_for(std::chrono::steady_clock::now() + 1ms), std::nullopt);
  EXPECT_TRUE(is_known(child.pid()));
  child.terminate();
  EXPECT_EQ(child.wait_for(1h), (exit_status{.signal = SIGTERM}));
  EXPECT_EQ(child.wait_for(0s), (exit_status{.signal = SIGTERM})) << "what is known needs no time";
  child.kill();
  std::error_code ec;
  child.kill(SIGTERM, ec);
  EXPECT_EQ(ec, std::errc::no_such_process);
  EXPECT_FALSE(is_known(child.pid()));
}

FIBER_TEST(process_wait, cancelled_it_kills_only_if_it_was_told_so) {
  for (const bool kills : {false, true}) {
    process child = long_lived(kills);
    bool was_cancelled = false;
    bool lived_then = false;
    auto waiter = spawn([&] {
      std::error_code ec;
      try {
        child.wait(ec);
      } catch (const cancelled&) {
        was_cancelled = true;
        lived_then = is_known(child.pid());
        throw;
      }
    });
    await_parked(1, "process");
    waiter.request_stop();
    EXPECT_ANY_THROW(waiter.join());
    EXPECT_TRUE(was_cancelled);
    EXPECT_EQ(lived_then, !kills);
    EXPECT_TRUE(!kills || child.wait().signal == SIGKILL);
  }
  expect_no_children();
}

FIBER_TEST(process_wait, an_object_that_goes_takes_its_child_with_it) {
  pid_t pid = -1;
  {
    const process child = long_lived();
    pid = child.pid();
    EXPECT_TRUE(is_known(pid));
  }
  EXPECT_FALSE(is_known(pid));
  process one = long_lived();
  const pid_t first = one.pid();
  one = long_lived();
  EXPECT_FALSE(is_known(first)) << "assigned over";
  const process moved = std::move(one);
  EXPECT_EQ(one.pid(), -1);
  expect_error(std::errc::no_child_process, [&] { static_cast<void>(one.wait()); });
  expect_error(std::errc::no_child_process, [&] { static_cast<void>(one.try_wait()); });
  expect_error(std::errc::no_child_process, [&] { static_cast<void>(one.in()); });
  expect_error(std::errc::no_child_process, [&] { one.kill(); });
  expect_error(std::errc::no_child_process, [&] { one.detach(); });
  EXPECT_TRUE(is_known(moved.pid()));
}

FIBER_TEST(process_wait, detached_children_are_reaped_when_they_end) {
  static_cast<void>(process({"true"}).wait());
  const auto before = open_descriptors_now();
  std::vector<net::descriptor_stream> inputs;
  for (int i = 0; i < 3; ++i) {
    process child = long_lived();
    inputs.push_back(std::move(child.in()));
    child.detach();
    EXPECT_EQ(child.pid(), -1);
  }
  EXPECT_TRUE(has_children());
  inputs.pop_back();
  process({"true"}).detach();
  inputs.clear();
  wait_until([] { return !has_children(); });
  wait_until([&] { return open_descriptors_now() == before; });
}

TEST(process_wait, children_outlive_the_runtime_only_if_they_are_let_go) {
  const auto before = open_descriptors_now();
  std::optional<process> kept;
  pid_t waited = -1;
  {
    runtime rt({.workers = 2});
    rt.run([&] {
      kept = long_lived();
      go([&] {
        process child = long_lived();
        waited = child.pid();
        static_cast<void>(child.wait());
      });
      await_parked(1, "process");
    });
  }
  EXPECT_FALSE(is_known(waited)) << "its fiber was unwound";
  EXPECT_EQ(kept->try_wait(), std::nullopt);
  EXPECT_THROW(static_cast<void>(kept->wait()), std::logic_error);
  kept->detach();
  wait_until([] { return !has_children(); });  // its input went with the object
  wait_until([&] { return open_descriptors_now() == before; });
  {
    runtime rt({.workers = 1});
    kept = rt.run([] { return long_lived(); });
  }
  kept.reset();
  expect_no_children();
}

FIBER_TEST(process_wait, a_status_that_others_have_is_said_to_be_taken) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  process ignored({"true"});
  std::error_code ec;
  ignored.wait(ec);
  EXPECT_EQ(ec, net::errc::status_taken);
  EXPECT_EQ(ec, std::errc::no_child_process);
  EXPECT_NE(ec.message().find("SIGCHLD"), std::string::npos);
  { const process killed = long_lived(); }
  std::signal(SIGCHLD, before);
  process child({"true"});
  wait_until([&] { return ::waitpid(child.pid(), nullptr, WNOHANG) == child.pid(); });
  expect_error(std::errc::no_child_process, [&] { static_cast<void>(child.wait()); });
  expect_error(std::errc::no_child_process, [&] { static_cast<void>(child.try_wait()); });
}

FIBER_TEST(process_wait, a_child_that_reads_no_more_is_an_error_and_no_signal) {
  process deaf({"true"}, {.in = stdio::pipe()});
  static_cast<void>(deaf.wait());
  EXPECT_EQ(write_error(deaf.in()), std::errc::broken_pipe);
}

// Of everything that a child needs there may be none: no zombie, no descriptor, and the next one begins.
FIBER_TEST(process_wait, a_shortage_at_any_step_leaves_nothing) {
  static_cast<void>(process({"true"}).wait());
  const auto before = open_descriptors_now();
  int begun = 0;
  int refused = 0;
  {
    const net::detail::fault_injection faults(
        {.seed = seed_of_this_test(), .interrupted = 50, .exhausted = 120, .unwatched = 100});
    for (int i = 0; i < 24; ++i) {
      std::error_code ec;
      process child({"cat"}, {.in = stdio::pipe(), .out = stdio::pipe(), .err = stdio::null()}, ec);
      ++(ec ? refused : begun);
      if (ec) continue;
      child.in().close();
      if (i % 3 == 0) child.detach(ec);
      EXPECT_EQ(child.pid() < 0, i % 3 == 0 && !ec) << "refused, it is still here";
      EXPECT_TRUE(i % 3 != 1 || child.wait().success());
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(begun, 0);
  wait_until([] { return !has_children(); });
  wait_until([&] { return open_descriptors_now() == before; });
  EXPECT_TRUE(process({"true"}).wait().success());
}

FIBER_TEST(process_wait, many_begin_and_end_at_once) {
  std::vector<join_handle<int>> all;
  for (int i = 0; i < 12; ++i)
    all.push_back(spawn([i] { return process({"sh", "-c", "exit " + std::to_string(i)}).wait().code; }));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].join(), i);
  expect_no_children();
}

}  // namespace
}  // namespace weft::testing
