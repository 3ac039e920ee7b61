// What std_shim/signals.hpp promises.

#include <weft/std_shim/signals.hpp>

#include <csignal>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/select.hpp>

namespace {

using weft::testing::wait_until;

// From a thread that does not block the signal, as the workers do: it is delivered before this returns.
void send_to_self(int signal) {
  std::thread([signal] {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    raise(signal);
  }).join();
}

using handler = void (*)(int);

handler disposition_of(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

bool forwarder_is_gone() {
  for (const auto& fiber : weft::snapshot().fibers)
    if (fiber.name == "signals") return false;
  return true;
}

FIBER_TEST(signals, come_out_of_a_channel) {
  const auto ch = weft::signals({SIGUSR1, SIGUSR2});
  EXPECT_EQ(ch.capacity(), 2u);
  send_to_self(SIGUSR1);
  EXPECT_EQ(ch.recv(), SIGUSR1);
  send_to_self(SIGUSR2);
  EXPECT_EQ(ch.recv(), SIGUSR2);
}

FIBER_TEST(signals, end_a_select) {
  const auto stop = weft::signals({SIGUSR1});
  const weft::channel<int> work;
  auto server = weft::spawn([&] {
    std::optional<int> signal, job;
    return weft::select(weft::recv(work, job), weft::recv(stop, signal)) == 1 && signal == SIGUSR1;
  });
  weft::testing::wait_until_all_parked();
  send_to_self(SIGUSR1);
  EXPECT_TRUE(server.join());
}

FIBER_TEST(signals, of_one_kind_coalesce_while_one_is_pending) {
  const auto ch = weft::signals({SIGUSR1, SIGUSR2});
  for (int i = 0; i < 5; ++i) {
    send_to_self(SIGUSR1);
    wait_until([&] { return ch.size() == 1; });
  }
  send_to_self(SIGUSR2);
  wait_until([&] { return ch.size() == 2; });  // the forwarder has seen all that came before
  EXPECT_EQ(ch.recv(), SIGUSR1);
  EXPECT_EQ(ch.recv(), SIGUSR2);
  int out = 0;
  EXPECT_EQ(ch.try_recv(out), weft::channel_status::empty);
  send_to_self(SIGUSR1);
  EXPECT_EQ(ch.recv(), SIGUSR1) << "one that came after is a new one";
}

FIBER_TEST(signals, sending_them_never_blocks_though_a_user_filled_the_channel) {
  const auto ch = weft::signals({SIGUSR1});
  ch.send(99);
  send_to_self(SIGUSR1);
  EXPECT_EQ(ch.recv(), 99);
  send_to_self(SIGUSR1);
  EXPECT_EQ(ch.recv(), SIGUSR1);
}

FIBER_TEST(signals, the_last_handle_that_goes_restores_what_they_did_before) {
  const handler before = disposition_of(SIGUSR1);
  {
    auto ch = weft::signals({SIGUSR1});
    EXPECT_NE(disposition_of(SIGUSR1), before);
    weft::channel<int> other = ch;
    ch = nullptr;
    EXPECT_NE(disposition_of(SIGUSR1), before);
    send_to_self(SIGUSR1);
    EXPECT_EQ(other.recv(), SIGUSR1);
  }
  EXPECT_EQ(disposition_of(SIGUSR1), before);
  wait_until(forwarder_is_gone);
}

FIBER_TEST(signals, the_last_handle_may_go_before_the_forwarder_has_begun) {
  const handler before = disposition_of(SIGUSR1);
  for (int i = 0; i < 20; ++i) {
    (void)weft::signals({SIGUSR1});
    EXPECT_EQ(disposition_of(SIGUSR1), before);
  }
  wait_until(forwarder_is_gone);
}

TEST(signals, the_end_of_the_runtime_restores_what_they_did_before_whoever_holds_the_channel) {
  const handler before = disposition_of(SIGUSR1);
  weft::channel<int> kept = weft::run([] { return weft::signals({SIGUSR1}); });
  kept = nullptr;
  EXPECT_EQ(disposition_of(SIGUSR1), before);
}

FIBER_TEST(signals, that_cannot_be_caught_are_refused) {
  EXPECT_THROW((void)weft::signals({SIGKILL}), std::system_error);
}

TEST(signals, outside_a_runtime_are_refused) { EXPECT_THROW((void)weft::signals({SIGUSR1}), std::logic_error); }

}  // namespace
