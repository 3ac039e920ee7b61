// What a simulation refuses, because no seed could replay it: by an exception where a call may throw, and by the end of
// the process where it may not.

#include <weft/runtime/simulate.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

#include <support/accident.hpp>
#include <weft/runtime/poller.hpp>
#include <weft/runtime/runtime.hpp>

namespace {

using weft::testing::run_accident;

template <class Call>
void expect_refused(const char* name, Call call) {
  try {
    call();
    FAIL() << name << " was not refused";
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
  }
}

template <class Call>
void expect_refused_inside(const char* name, Call call) {
  weft::simulate({.seed = 1}, [&] { expect_refused(name, call); });
}

TEST(simulate_refuses, to_begin_inside_a_fiber) {
  weft::run(weft::options{.workers = 1},
            [] { expect_refused("simulate", [] { weft::simulate({.seed = 1}, [] {}); }); });
}

TEST(simulate_refuses, a_runtime_inside) {
  expect_refused_inside("simulate", [] { weft::simulate({.seed = 1}, [] {}); });
  expect_refused_inside("runtime", [] { weft::run([] {}); });
  expect_refused_inside("runtime", [] { const weft::runtime inner; });
}

TEST(simulate_refuses, a_fiber_in_another_runtime) {
  weft::runtime other(weft::options{.workers = 1});
  expect_refused_inside("another runtime", [&other] { other.go([] {}); });
}

TEST(simulate_refuses, a_poller) {
  expect_refused_inside("net::listen", [] { weft::detail::require_poller("net::listen"); });
  expect_refused_inside("net", [] {
    (void)weft::detail::this_poller([]() -> std::unique_ptr<weft::detail::poller> { return nullptr; });
  });
}

TEST(simulate_refuses, to_be_woken_by_another_thread) {
  const auto end = run_accident("simulated_fiber_woken_by_a_thread");
  EXPECT_EQ(end.signal, SIGABRT) << end.text;
  EXPECT_NE(end.text.find("a simulated fiber is woken from outside"), std::string::npos) << end.text;
}

TEST(simulate_refuses, to_wake_another_thread) {
  const auto end = run_accident("simulated_fiber_wakes_a_thread");
  EXPECT_EQ(end.signal, SIGABRT) << end.text;
  EXPECT_NE(end.text.find("a simulated fiber wakes a plain thread"), std::string::npos) << end.text;
}

TEST(simulate_refuses, to_end_without_fibers_that_swallow_cancellation) {
  const auto end = run_accident("simulated_fiber_swallows_cancellation");
  EXPECT_EQ(end.exit_status, 2) << end.text;
  EXPECT_NE(end.text.find("a simulation cannot end"), std::string::npos) << end.text;
  EXPECT_NE(end.text.find("'stubborn'"), std::string::npos) << end.text;
}

}  // namespace
