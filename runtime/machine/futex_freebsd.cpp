// Room: runtime. See detail/futex.hpp.

#include <weft/runtime/detail/futex.hpp>

#include <cerrno>
#include <climits>
#include <ctime>

#include <sys/types.h>

#include <sys/umtx.h>

namespace weft::detail {

namespace {

void wake(std::atomic<std::uint32_t>& word, unsigned long most) noexcept {
  ::_umtx_op(&word, UMTX_OP_WAKE_PRIVATE, most, nullptr, nullptr);
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  ::_umtx_op(&word, UMTX_OP_WAIT_UINT_PRIVATE, expected, nullptr, nullptr);
}

bool futex_wait_until(std::atomic<std::uint32_t>& word, std::uint32_t expected, deadline until) noexcept {
  if (until.is_never()) {
    futex_wait(word, expected);
    return true;
  }
  const std::int64_t at = until.nanoseconds() > 0 ? until.nanoseconds() : 0;
  _umtx_time limit{};
  limit._timeout.tv_sec = static_cast<time_t>(at / 1'000'000'000);
  limit._timeout.tv_nsec = static_cast<long>(at % 1'000'000'000);
  limit._flags = UMTX_ABSTIME;
  limit._clockid = CLOCK_MONOTONIC;                          // which is std::chrono::steady_clock
  void* const size = reinterpret_cast<void*>(sizeof limit);  // NOLINT(performance-no-int-to-ptr): so the call wants it
  return ::_umtx_op(&word, UMTX_OP_WAIT_UINT_PRIVATE, expected, size, &limit) == 0 || errno != ETIMEDOUT;
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept { wake(word, 1); }
void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept { wake(word, INT_MAX); }

}  // namespace weft::detail
