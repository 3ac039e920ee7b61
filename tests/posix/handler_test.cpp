// Room: tests of posix. A call in the handler of a signal that has a stack of its own never parks, nor yields: a fiber
// that is asked to end would be told so by each call that could (ECANCELED), and libc's calls know nothing of that.

#include <weft/posix.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>

#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "descriptors.hpp"

namespace weft::testing {
namespace {

constexpr timespec k_long{60, 0};

struct told {
  int result = -2;
  int error = 0;
};

// What the handler uses, and what it was told.
struct what_is_at_hand {
  int socket = -1, other = -1, pipe = -1, epoll = -1, file = -1;
  std::atomic<int> turns{0};  // of another fiber of this worker
  int turns_of_others = -1;
  std::array<told, 10> all{};
};
what_is_at_hand* g_at_hand = nullptr;

told answer(ssize_t result) { return {static_cast<int>(result), result < 0 ? posix::last_error() : 0}; }

void work_in_handler(int) {
  what_is_at_hand& with = *g_at_hand;
  const int before = with.turns;
  char bytes[8] = {};
  // So often more than a fiber's budget of operations that a worker which yielded would look at its pinned fibers, too.
  for (int i = 0; i < 10'000; ++i)
    if (posix::send(with.other, bytes, 1, 0) != 1 || posix::recv(with.socket, bytes, 1, 0) != 1) return;
  with.turns_of_others = with.turns - before;
  constexpr timespec k_short{0, 1000};
  pollfd look{with.pipe, POLLIN, 0};
  timeval soon{0, 1000};
  fd_set in;
  FD_ZERO(&in);
  FD_SET(with.pipe, &in);
  epoll_event event{};
  with.all = {answer(posix::recv(with.socket, bytes, 8, 0)),  // has a time limit
              answer(posix::read(with.socket, bytes, 8)),
              answer(posix::poll(&look, 1, 1)),
              answer(posix::select(with.pipe + 1, &in, nullptr, nullptr, &soon)),
              answer(posix::epoll_wait(with.epoll, &event, 1, 1)),
              answer(posix::nanosleep(&k_short, nullptr)),
              answer(posix::clock_nanosleep(CLOCK_MONOTONIC, 0, &k_short, nullptr)),
              answer(posix::usleep(1)),
              answer(posix::fsync(with.file)),
              answer(posix::flock(with.file, LOCK_SH))};
}

// Raised on this thread, which keeps it away otherwise, as workers do.
void raise_here(int number) {
  const pin_guard pin;
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::pthread_kill(::pthread_self(), number);
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
}

bool has_stack_for_handlers() {
  stack_t there{};
  return ::sigaltstack(nullptr, &there) == 0 && (there.ss_flags & SS_DISABLE) == 0;
}

FIBER_TEST(posix_handler, waits_for_nothing_by_parking) {
  if (!has_stack_for_handlers()) GTEST_SKIP() << "this thread has no stack for handlers";
  const socket_ends ends;
  const pipe_ends nothing;
  const temporary_file file;
  const timeval soon{0, 1000};
  ::setsockopt(ends.in, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
  what_is_at_hand with;
  with.socket = ends.in;
  with.other = ends.out;
  with.pipe = nothing.in;
  with.file = file.fd;
  with.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  g_at_hand = &with;
  struct sigaction ours {
  }, before{};
  ours.sa_handler = &work_in_handler;
  ours.sa_flags = SA_ONSTACK;
  ASSERT_EQ(::sigaction(SIGUSR1, &ours, &before), 0);
  std::atomic<bool> has_begun{false}, is_over{false};
  auto asked = spawn([&] {
    has_begun = true;
    const pin_guard pin;
    auto other = spawn({.pinned = true}, [&] {
      while (!is_over) {
        ++with.turns;
        this_fiber::yield();
      }
    });
    {
      const shield_guard until_asked;
      while (!this_fiber::stop_token().stop_requested() || with.turns == 0) this_fiber::yield();
    }
    raise_here(SIGUSR1);
    EXPECT_EQ(posix::nanosleep(&k_long, nullptr), -1) << "it is asked to end, and hears of it where it may";
    EXPECT_EQ(posix::last_error(), ECANCELED);
    const shield_guard to_the_end;
    is_over = true;
    other.join();
  });
  wait_until([&] { return has_begun.load(); });  // one that never ran would never run
  asked.request_stop();
  asked.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  posix::close(with.epoll);
  EXPECT_EQ(with.turns_of_others, 0);
  constexpr told k_wanted[] = {{-1, EAGAIN}, {-1, EAGAIN}, {0, 0}, {0, 0}, {0, 0},
                               {0, 0},       {0, 0},       {0, 0}, {0, 0}, {0, 0}};
  for (std::size_t i = 0; i < with.all.size(); ++i) {
    EXPECT_EQ(with.all[i].result, k_wanted[i].result) << i;
    EXPECT_EQ(with.all[i].error, k_wanted[i].error) << i;
  }
}

}  // namespace
}  // namespace weft::testing
