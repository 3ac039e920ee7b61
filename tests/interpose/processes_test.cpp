// Children, locks of files, and the places where a call must not park: by fibers that know nothing of it.

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::side_by_side;
using weft::testing::threads_of_the_process;
using namespace std::chrono_literals;

TEST(processes, each_wait_for_a_child_parks) {
  int stop[2];
  ASSERT_EQ(::pipe2(stop, O_CLOEXEC), 0);
  std::atomic<int> waiting{0};
  constexpr int k_children = 12;
  const auto threads_before = threads_of_the_process();
  side_by_side(2, k_children + 1, [&](int i) {
    if (i == k_children) {
      while (waiting < k_children) weft::this_fiber::yield();
      weft::this_fiber::sleep_for(5ms);  // a worker that is blocked for two is filled in for
      EXPECT_LT(threads_of_the_process(), threads_before + 8);
      ::close(stop[1]);
      return;
    }
    const pid_t child = [&] {
      const pid_t fresh = ::fork();
      if (fresh != 0) return fresh;
      ::close(stop[1]);
      char byte;
      std::_Exit(::read(stop[0], &byte, 1) == 0 ? i : 99);
    }();
    ++waiting;
    int status = 0;
    if (i % 3 == 0) {
      EXPECT_EQ(::waitpid(child, &status, 0), child);
    } else if (i % 3 == 1) {
      EXPECT_EQ(::wait4(child, &status, 0, nullptr), child);
    } else {
      siginfo_t what{};
      EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child), &what, WEXITED), 0);
      EXPECT_EQ(what.si_pid, child);
      status = what.si_status << 8;
    }
    EXPECT_EQ(WEXITSTATUS(status), i);
  });
  ::close(stop[0]);
}

TEST(processes, wait_finds_any_child_and_says_when_there_is_none) {
  weft::run(weft::options{.workers = 1}, [] {
    const pid_t child = ::fork();
    if (child == 0) std::_Exit(3);
    int status = 0;
    EXPECT_EQ(::wait(&status), child);
    EXPECT_EQ(WEXITSTATUS(status), 3);
    EXPECT_EQ(::wait(&status), -1);
    EXPECT_EQ(errno, ECHILD);
    siginfo_t what{};
    EXPECT_EQ(::waitid(P_ALL, 0, &what, WEXITED), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST(processes, commands_run_beside_others) {
  side_by_side(1, 6, [](int i) {
    if (i % 2 == 0) {
      EXPECT_EQ(WEXITSTATUS(std::system("exit 5")), 5);
      return;
    }
    FILE* const said = ::popen("echo said", "r");
    char line[16]{};
    EXPECT_NE(std::fgets(line, sizeof line, said), nullptr);
    EXPECT_STREQ(line, "said\n");
    EXPECT_EQ(::pclose(said), 0);
  });
}

pid_t closes_in_a_child(pid_t (*make)(), const int (&ends)[2]) {
  const pid_t child = make();
  if (child != 0) return child;
  ::dup2(ends[1], ends[0]);
  ::close(ends[0]);
  ::_exit(0);
}

// What vfork's child does with numbers is its own affair: nobody here is woken by it.
TEST(processes, a_child_that_closes_wakes_nobody_here) {
  weft::run(weft::options{.workers = 2}, [] {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::atomic<bool> waits{false};
    weft::join_handle<ssize_t> reader = weft::spawn([&] {
      char byte;
      waits = true;
      return ::read(ends[0], &byte, 1);
    });
    while (!waits) weft::this_fiber::yield();
    for (pid_t (*const make)() : {&::fork, &::vfork}) {
      const pid_t child = closes_in_a_child(make, ends);
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_EQ(reader.join(), 1);
    ::close(ends[0]);
    ::close(ends[1]);
  });
}

TEST(processes, who_waits_for_a_lock_of_a_file_is_not_in_the_way) {
  char name[] = "/tmp/weft_interpose_XXXXXX";
  const int first = ::mkstemp(name);
  const int second = ::open(name, O_RDWR | O_CLOEXEC);
  ::unlink(name);
  int holders = 0;
  side_by_side(1, 8, [&](int i) {
    const int fd = i % 2 == 0 ? first : second;
    if (i > 1) return;  // one for each open description
    EXPECT_EQ(::flock(fd, LOCK_EX), 0);
    EXPECT_EQ(++holders, 1);
    weft::this_fiber::sleep_for(1ms);
    --holders;
    EXPECT_EQ(::flock(fd, LOCK_UN), 0);
  });
  side_by_side(1, 2, [&](int i) {
    const int fd = i == 0 ? first : second;
    struct flock region {};
    region.l_type = F_WRLCK;
    EXPECT_EQ(::fcntl(fd, F_OFD_SETLKW, &region), 0);
    EXPECT_EQ(++holders, 1);
    weft::this_fiber::sleep_for(1ms);
    --holders;
    region.l_type = F_UNLCK;
    EXPECT_EQ(::fcntl(fd, F_OFD_SETLK, &region), 0);
  });
  EXPECT_EQ(::lockf(first, F_LOCK, 0), 0);
  EXPECT_EQ(::lockf(first, F_ULOCK, 0), 0);
  ::close(first);
  ::close(second);
}

// Another fiber of the only worker would find the routine under way, in libc's hands: so the read really blocks, and
// the runtime fills in for the worker.
TEST(processes, a_read_in_a_routine_of_pthread_once_really_blocks_and_is_filled_in_for) {
  static int ends[2];
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static char byte;
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  side_by_side(1, 2, [](int i) {
    if (i == 1) {
      EXPECT_EQ(::write(ends[1], "x", 1), 1);
      return;
    }
    ::pthread_once(&once, [] { EXPECT_EQ(::read(ends[0], &byte, 1), 1); });
    EXPECT_EQ(byte, 'x');
  });
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(processes, a_thread_that_waits_in_a_read_can_be_cancelled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void* fd) -> void* {
                  char byte;
                  return ::read(*static_cast<int*>(fd), &byte, 1) == 1 ? fd : nullptr;
                },
                &ends[0]),
            0);
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
