// std_shim, interpose: syscall(). What waits at a private futex (std::atomic::wait, std::latch, std::barrier, the guard
// of a static local that another initialises) parks a fiber in the lot; everything else is passed through with its six
// arguments. A wake wakes fibers of the lot first, then threads in the kernel, so many in all as it was asked for.
// A fiber that is asked to end is woken as by a signal (EINTR), at most each 10 ms: who waits at a futex looks again.

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdarg>

#include <linux/futex.h>
#include <sys/syscall.h>

#include "exports.hpp"
#include "ground.hpp"
#include "lot.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

namespace {

constexpr std::chrono::milliseconds k_nudge{10};

struct futex_arguments {
  std::uint32_t* word;
  int operation;
  std::uint32_t value;
  const timespec* time;
  std::uint32_t bits;  // of the two bitset operations

  [[nodiscard]] int command() const noexcept { return operation & FUTEX_CMD_MASK; }
  [[nodiscard]] bool is_private() const noexcept { return (operation & FUTEX_PRIVATE_FLAG) != 0; }
};

long fail(int error) noexcept {
  errno = error;
  return -1;
}

// FUTEX_WAIT counts from now, FUTEX_WAIT_BITSET until then.
deadline until(const futex_arguments& call) noexcept {
  if (call.time == nullptr) return deadline::never();
  if (call.command() == FUTEX_WAIT)
    return deadline::after(detail::now(),
                           std::chrono::seconds(call.time->tv_sec) + std::chrono::nanoseconds(call.time->tv_nsec));
  const bool wall = (call.operation & FUTEX_CLOCK_REALTIME) != 0;
  return time_limit(wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, call.time).until();
}

long wait_as_fiber(const futex_arguments& call) noexcept {
  bool differs = false;
  // Woken is the end of it, whatever the word says: as in the kernel.
  const auto attempt = [&] { return differs = __atomic_load_n(call.word, __ATOMIC_RELAXED) != call.value; };
  const deadline end = until(call);
  const auto wait = [&](deadline limit, detail::cancellation mode) {
    return wait_in_lot(call.word, limit, mode, "futex", attempt, true, call.bits);
  };
  auto reason = wait(end, detail::cancellation::honoured);
  if (reason == detail::wake_reason::cancelled) {
    const deadline nudge = deadline::after(detail::now(), k_nudge);
    reason = wait(end < nudge ? end : nudge, detail::cancellation::ignored);
    if (reason == detail::wake_reason::timed_out && nudge < end) return fail(EINTR);
  }
  if (differs) return fail(EAGAIN);
  return reason == detail::wake_reason::ready ? 0 : fail(ETIMEDOUT);
}

bool waits(const futex_arguments& call) noexcept {
  const int command = call.command();
  return call.is_private() && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET);
}

bool wakes(const futex_arguments& call) noexcept {
  const int command = call.command();
  return call.is_private() && (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET);
}

// Others that wake (requeue, wake-op) wake all fibers at the first word: each looks again.
bool moves(const futex_arguments& call) noexcept {
  const int command = call.command();
  return call.is_private() && (command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE || command == FUTEX_WAKE_OP);
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long a[6];
  for (long& each : a) each = va_arg(list, long);
  va_end(list);
  const auto pass_on = [&] { return real().syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); };
  if (number != SYS_futex || is_ours(WEFT_CALLER)) return pass_on();

  const int command = static_cast<int>(a[1]) & FUTEX_CMD_MASK;
  const bool has_bits = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET;
  const futex_arguments call{reinterpret_cast<std::uint32_t*>(a[0]), static_cast<int>(a[1]),
                             static_cast<std::uint32_t>(a[2]), reinterpret_cast<const timespec*>(a[3]),
                             has_bits ? static_cast<std::uint32_t>(a[5]) : ~0u};
  if (waits(call) && call.bits != 0)
    return look_around(taken::syscall, WEFT_CALLER) == ground::may_park ? wait_as_fiber(call) : pass_on();
  if (moves(call)) {
    const long outcome = pass_on();
    weft::detail::real_env::fence();
    after_release(call.word, UINT32_MAX);
    return outcome;
  }
  if (!wakes(call) || call.bits == 0) return pass_on();
  weft::detail::real_env::fence();  // N1: the change before was a plain store, perhaps
  if (place_of(call.word).inside.has_nobody_after_release()) return pass_on();
  const std::uint32_t most = call.value > INT_MAX ? INT_MAX : call.value;
  const std::uint32_t fibers = wake_from_lot(call.word, most, call.bits);
  if (fibers == most) return fibers;
  a[2] = static_cast<long>(most - fibers);
  const long threads = pass_on();
  return threads < 0 ? threads : threads + fibers;
}
