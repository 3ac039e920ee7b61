// Room: runtime. See detail/futex.hpp.

#include <weft/runtime/detail/futex.hpp>

#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft::detail {

namespace {

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* until) noexcept {
  // FUTEX_WAIT_BITSET takes an absolute point on CLOCK_MONOTONIC, which is std::chrono::steady_clock.
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  futex(word, FUTEX_WAIT_BITSET, expected, nullptr);
}

bool futex_wait_until(std::atomic<std::uint32_t>& word, std::uint32_t expected, deadline until) noexcept {
  if (until.is_never()) {
    futex_wait(word, expected);
    return true;
  }
  const std::int64_t at = until.nanoseconds() > 0 ? until.nanoseconds() : 0;
  const timespec t{.tv_sec = static_cast<time_t>(at / 1'000'000'000), .tv_nsec = static_cast<long>(at % 1'000'000'000)};
  return futex(word, FUTEX_WAIT_BITSET, expected, &t) == 0 || errno != ETIMEDOUT;
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept { futex(word, FUTEX_WAKE, 1, nullptr); }
void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept { futex(word, FUTEX_WAKE, INT_MAX, nullptr); }

}  // namespace weft::detail
