// Room: runtime. See detail/futex.hpp. The calls that libc++'s std::atomic::wait is made of; the public ones came with
// macOS 14.4.

#include <weft/runtime/detail/futex.hpp>

#include <algorithm>
#include <cerrno>

extern "C" int __ulock_wait2(std::uint32_t operation, void* address, std::uint64_t expected, std::uint64_t nanoseconds,
                             std::uint64_t flags);
extern "C" int __ulock_wake(std::uint32_t operation, void* address, std::uint64_t whom);

namespace weft::detail {

namespace {

constexpr std::uint32_t k_compare_and_wait = 1;
constexpr std::uint32_t k_wake_all = 0x100;
constexpr std::uint32_t k_no_errno = 0x01000000;  // the error is the result, negative

// 0: for ever.
int wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t nanoseconds) noexcept {
  return __ulock_wait2(k_compare_and_wait | k_no_errno, &word, expected, nanoseconds, 0);
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept { wait(word, expected, 0); }

bool futex_wait_until(std::atomic<std::uint32_t>& word, std::uint32_t expected, deadline until) noexcept {
  if (until.is_never()) {
    futex_wait(word, expected);
    return true;
  }
  const std::int64_t left = until.nanoseconds() - deadline::at(deadline::clock::now()).nanoseconds();
  // relaxed: as the kernel's look; what it hands over is the caller's affair.
  if (left <= 0) return word.load(std::memory_order_relaxed) != expected;
  return wait(word, expected, static_cast<std::uint64_t>(left)) != -ETIMEDOUT;
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept {
  __ulock_wake(k_compare_and_wait | k_no_errno, &word, 0);
}

void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept {
  __ulock_wake(k_compare_and_wait | k_wake_all | k_no_errno, &word, 0);
}

}  // namespace weft::detail
