// Room: tests of netpoll. signal_source: pending once, seen by every source, and the old disposition comes back.

#include <weft/netpoll/signal_source.hpp>

#include <csignal>
#include <optional>
#include <thread>

#include <sys/types.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::signal_source;

// To the process, as kill(1) does; from a thread that does not block it, so that it is delivered before this returns.
void raise_on_a_thread(int signal) {
  std::thread([signal] {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::raise(signal);
  }).join();
}

struct sigaction disposition_of(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now;
}

void ignore_it(int) {}

FIBER_TEST(signal_source, a_waiter_is_woken) {
  signal_source source{SIGUSR1, SIGUSR2};
  auto waiting = spawn([&] { return source.wait(); });
  await_parked(1, "signal");
  raise_on_a_thread(SIGUSR2);
  EXPECT_EQ(waiting.join(), SIGUSR2);
}

FIBER_TEST(signal_source, one_that_came_before_the_wait_is_pending) {
  signal_source source{SIGUSR1};
  EXPECT_EQ(source.try_wait(), 0);
  raise_on_a_thread(SIGUSR1);
  EXPECT_EQ(source.wait(), SIGUSR1);
  EXPECT_EQ(source.try_wait(), 0);
}

FIBER_TEST(signal_source, of_each_kind_one_is_pending) {
  signal_source source{SIGUSR1, SIGUSR2};
  for (int i = 0; i < 5; ++i) raise_on_a_thread(SIGUSR1);
  raise_on_a_thread(SIGUSR2);
  const int first = source.wait();
  const int second = source.wait();
  EXPECT_EQ(first + second, SIGUSR1 + SIGUSR2);
  EXPECT_NE(first, second);
  EXPECT_EQ(source.try_wait(), 0);
}

FIBER_TEST(signal_source, every_source_sees_it) {
  signal_source first{SIGUSR1};
  signal_source second{SIGUSR1, SIGUSR2};
  auto a = spawn([&] { return first.wait(); });
  auto b = spawn([&] { return second.wait(); });
  await_parked(2, "signal");
  raise_on_a_thread(SIGUSR1);
  EXPECT_EQ(a.join(), SIGUSR1);
  EXPECT_EQ(b.join(), SIGUSR1);
}

FIBER_TEST(signal_source, the_last_one_restores_what_the_signal_did) {
  struct sigaction ours {};
  ours.sa_handler = &ignore_it;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &ours, &before), 0);
  {
    std::optional<signal_source> first(std::in_place, std::initializer_list<int>{SIGUSR1, SIGUSR1});
    const signal_source second{SIGUSR1};
    EXPECT_NE(disposition_of(SIGUSR1).sa_handler, &ignore_it);
    first.reset();
    EXPECT_NE(disposition_of(SIGUSR1).sa_handler, &ignore_it) << "the second source lost its signal";
  }
  EXPECT_EQ(disposition_of(SIGUSR1).sa_handler, &ignore_it);
  ::sigaction(SIGUSR1, &before, nullptr);
}

FIBER_TEST(signal_source, what_cannot_be_caught_is_refused_and_nothing_changes) {
  for (const int impossible : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 1000}) {
    try {
      signal_source source{SIGUSR1, impossible};
      ADD_FAILURE() << "signal " << impossible;
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), std::errc::invalid_argument) << impossible;
    }
    EXPECT_EQ(disposition_of(SIGUSR1).sa_handler, SIG_DFL);
  }
}

FIBER_TEST(signal_source, close_wakes_a_waiter) {
  signal_source source{SIGUSR1};
  auto waiting = spawn([&] {
    try {
      static_cast<void>(source.wait());
      return std::error_code();
    } catch (const std::system_error& e) {
      return e.code();
    }
  });
  await_parked(1, "signal");
  source.close();
  EXPECT_EQ(waiting.join(), std::errc::operation_canceled);
  EXPECT_THROW(static_cast<void>(source.wait()), std::system_error);
  EXPECT_EQ(source.try_wait(), 0);
  EXPECT_EQ(disposition_of(SIGUSR1).sa_handler, SIG_DFL);
}

FIBER_TEST(signal_source, with_an_error_code_nothing_but_cancellation_is_thrown) {
  signal_source source{SIGUSR1};
  std::error_code ec = std::make_error_code(std::errc::timed_out);
  raise_on_a_thread(SIGUSR1);
  EXPECT_EQ(source.wait(ec), SIGUSR1);
  EXPECT_FALSE(ec);
  auto cancelled = spawn([&] { source.wait(ec); });
  await_parked(1, "signal");
  cancelled.request_stop();
  EXPECT_THROW(cancelled.join(), std::system_error);
  auto closed = spawn([&] { return std::pair(source.wait(ec), ec); });
  await_parked(1, "signal");
  source.close();
  EXPECT_EQ(closed.join(), std::pair(0, std::make_error_code(std::errc::operation_canceled)));
  EXPECT_EQ(source.wait(ec), 0);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  signal_source moved(std::move(source));
  EXPECT_EQ(source.wait(ec), 0);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

FIBER_TEST(signal_source, none_is_lost_among_many) {
  signal_source source{SIGUSR1};
  for (int i = 0; i < 50; ++i) {
    auto waiting = spawn([&] { return source.wait(); });
    raise_on_a_thread(SIGUSR1);
    EXPECT_EQ(waiting.join(), SIGUSR1);
  }
}

// A storm on several threads while sources come and go: the handler never meets an event that was closed.
FIBER_TEST(signal_source, comes_and_goes_in_a_storm) {
  signal_source keeps_it_caught{SIGUSR1};
  std::atomic<bool> done{false};
  std::vector<std::thread> storm;
  for (int i = 0; i < 2; ++i) {
    storm.emplace_back([&] {
      sigset_t none;
      sigemptyset(&none);
      pthread_sigmask(SIG_SETMASK, &none, nullptr);
      while (!done) ::raise(SIGUSR1);
    });
  }
  for (int i = 0; i < 200; ++i) {
    signal_source source{SIGUSR1};
    if (i % 4 == 0) {
      EXPECT_EQ(source.wait(), SIGUSR1);
    }
  }
  done = true;
  for (auto& each : storm) each.join();
}

TEST(signal_source, outside_a_runtime_is_refused) {
  EXPECT_THROW(signal_source{SIGUSR1}, std::logic_error);
  EXPECT_EQ(disposition_of(SIGUSR1).sa_handler, SIG_DFL);
}

#if defined(__SANITIZE_THREAD__)
constexpr bool k_defers_signals = true;
#elif defined(__has_feature)
constexpr bool k_defers_signals = __has_feature(thread_sanitizer);
#else
constexpr bool k_defers_signals = false;
#endif

// As a service manager sends it: to the process, which has to have a thread that takes it.
FIBER_TEST(signal_source, of_the_process_is_taken_by_the_thread_that_called_run) {
  if (k_defers_signals) GTEST_SKIP() << "the race detector runs handlers when a thread calls it, and that one sleeps";
  signal_source source{SIGUSR1};
  ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
  EXPECT_EQ(source.wait(), SIGUSR1);
}

}  // namespace
}  // namespace weft::testing
