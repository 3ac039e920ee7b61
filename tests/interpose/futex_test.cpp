// The futex itself, as foreign code calls it: what each operation answers when fibers wait.

#include <atomic>
#include <cerrno>
#include <thread>

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "side_by_side.hpp"

namespace {

using weft::testing::last_error;
using weft::testing::set_error;
using weft::testing::yield_until;

using word = std::atomic<std::uint32_t>;

struct answer {
  long outcome;
  int error;
  bool operator==(const answer&) const = default;
};

answer call(word& at, int operation, long value, const timespec* time = nullptr, word* other = nullptr, long last = 0) {
  set_error(0);
  const long outcome = ::syscall(SYS_futex, &at, operation, value, time, other, last);
  return {outcome, outcome < 0 ? last_error() : 0};
}

TEST(futex, a_wait_answers_as_the_kernels) {
  weft::run(weft::options{.workers = 1}, [] {
    for (const int flag : {0, FUTEX_PRIVATE_FLAG}) {
      word at{1};
      const timespec soon{0, 1'000'000}, past{1, 0};
      EXPECT_EQ(call(at, FUTEX_WAIT | flag, 2), (answer{-1, EAGAIN}));
      EXPECT_EQ(call(at, FUTEX_WAIT | flag, 1, &soon), (answer{-1, ETIMEDOUT}));
      EXPECT_EQ(call(at, FUTEX_WAIT_BITSET | flag, 1, &past, nullptr, 1), (answer{-1, ETIMEDOUT}));
      EXPECT_EQ(call(at, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | flag, 1, &past, nullptr, 1),
                (answer{-1, ETIMEDOUT}));
      EXPECT_EQ(call(at, FUTEX_WAIT_BITSET | flag, 1, nullptr, nullptr, 0), (answer{-1, EINVAL}));
      const timespec none{0, -1};
      EXPECT_EQ(call(at, FUTEX_WAIT | flag, 1, &none), (answer{-1, EINVAL}));
      EXPECT_EQ(call(at, FUTEX_WAKE | flag, 1), (answer{0, 0}));
    }
  });
}

// How many fibers of four wake: two of each bit.
void expect_woken(int operation, long value, long bits, int fibers) {
  weft::run(weft::options{.workers = 2}, [&] {
    word at{0};
    std::atomic<int> begun{0}, woken{0};
    weft::task_group group;
    for (const long bit : {1, 2, 1, 2})
      group.go([&, bit] {
        ++begun;
        while (call(at, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, bit).error == EINTR) continue;
        ++woken;
      });
    yield_until([&] { return begun == 4; });
    long answered = 0;
    yield_until([&] { return (answered += call(at, operation, value, nullptr, nullptr, bits).outcome) >= fibers; });
    EXPECT_EQ(answered, fibers);
    yield_until([&] { return woken == fibers; });
    while (call(at, FUTEX_WAKE_PRIVATE, INT_MAX).outcome + fibers != 4 && woken != 4) weft::this_fiber::yield();
    group.wait();
  });
}

TEST(futex, a_wake_is_for_so_many_and_for_those_that_share_a_bit) {
  expect_woken(FUTEX_WAKE_PRIVATE, INT_MAX, 0, 4);
  expect_woken(FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, 1, 2);
  expect_woken(FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, 2, 2);
}

TEST(futex, a_wake_at_two_words_wakes_at_both) {
  weft::run(weft::options{.workers = 2}, [] {
    word first{0}, second{0};
    std::atomic<int> woken{0};
    weft::task_group group;
    for (word* at : {&first, &second})
      group.go([&, at] {
        while (*at == 0) call(*at, FUTEX_WAIT_PRIVATE, 0);
        ++woken;
      });
    weft::this_fiber::yield();
    first = 1;
    // second = 1; all at the first; and all at the second, for it was 0.
    const long change = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0);
    ::syscall(SYS_futex, &first, FUTEX_WAKE_OP_PRIVATE, INT_MAX, long{INT_MAX}, &second, change);
    group.wait();
    EXPECT_EQ(woken, 2);
  });
}

TEST(futex, a_wake_is_for_fibers_and_threads_together) {
  word at{0};
  std::atomic<int> woken{0};
  const auto wait = [&] {
    while (at == 0) call(at, FUTEX_WAIT_PRIVATE, 0);
    ++woken;
  };
  std::thread beside(wait);
  weft::run(weft::options{.workers = 1}, [&] {
    weft::task_group group;
    group.go(wait);
    weft::this_fiber::yield();
    at = 1;
    yield_until([&] { return call(at, FUTEX_WAKE_PRIVATE, 2), woken == 2; });
    group.wait();
  });
  beside.join();
}

TEST(futex, what_is_no_futex_goes_past) {
  weft::run(weft::options{.workers = 1}, [] { EXPECT_EQ(::syscall(SYS_getpid), ::getpid()); });
}

}  // namespace
