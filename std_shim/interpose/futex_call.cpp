// std_shim, interpose: syscall(). What waits at a futex (std::atomic::wait, std::latch, std::barrier, the guard of a
// static local that another initialises) parks a fiber in the lot ("Waiting for libc's word", lot.hpp, where N0 is the
// caller's change of the word); everything else is passed through with its six arguments.
// - Woken is the end of a wait, whatever the word says then, as in the kernel.
// - A wake wakes fibers of the lot first, then threads in the kernel, so many in all as it was asked for.
// - The guards of static locals do not say that they are private, so one that is not may be another process's affair as
//   well, whose wakes we do not see: then a fiber is woken as by a signal (EINTR) each 10 ms, and looks again.
// - So is a fiber that is asked to end.
// - A number that is closed so wakes those who wait there, as by close().
// - Wakes that move waiters, or wake at two words, wake all fibers there: each looks again.

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdarg>

#include <linux/futex.h>
#include <sys/syscall.h>

#include <weft/posix.hpp>

#include "exports.hpp"
#include "gate.hpp"
#include "ground.hpp"
#include "lot.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

namespace {

constexpr std::chrono::milliseconds k_look_again{10};
constexpr std::int64_t k_for_ever = 9'000'000'000;  // seconds: more nanoseconds than 64 bits hold

struct futex_arguments {
  std::uint32_t* word;
  int operation;
  std::uint32_t value;
  const timespec* time;
  std::uint32_t bits;  // of the two bitset operations

  [[nodiscard]] int command() const noexcept { return operation & FUTEX_CMD_MASK; }
  [[nodiscard]] bool has_a_time() const noexcept {
    return time == nullptr || (time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < 1'000'000'000);
  }
  [[nodiscard]] bool is_private() const noexcept { return (operation & FUTEX_PRIVATE_FLAG) != 0; }
};

long fail(int error) noexcept {
  set_error(error);
  return -1;
}

// FUTEX_WAIT counts from now, FUTEX_WAIT_BITSET until then.
deadline until(const futex_arguments& call) noexcept {
  if (call.time == nullptr) return deadline::never();
  if (call.command() == FUTEX_WAIT) {
    if (call.time->tv_sec > k_for_ever) return deadline::never();
    return deadline::after(detail::now(),
                           std::chrono::seconds(call.time->tv_sec) + std::chrono::nanoseconds(call.time->tv_nsec));
  }
  const bool wall = (call.operation & FUTEX_CLOCK_REALTIME) != 0;
  return time_limit(wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, call.time).until();
}

// A3 and A4 have the kernel's own look: does the word still say what the caller has seen?
long wait_as_fiber(const futex_arguments& call) noexcept {
  const deadline end = until(call);
  const deadline look = deadline::after(detail::now(), k_look_again);
  const bool looks_again = !call.is_private() && look < end;
  lot_stay here(call.word, call.bits);
  const auto differs = [&call] { return __atomic_load_n(call.word, __ATOMIC_RELAXED) != call.value; };
  if (here.try_or_enqueue(differs, detail::cancellation::honoured)) return EAGAIN;
  switch (here.park_nudged(looks_again ? look : end, "futex")) {
    case detail::wake_reason::ready: return 0;
    case detail::wake_reason::timed_out: return looks_again ? EINTR : ETIMEDOUT;
    default: return EINTR;
  }
}

bool waits(const futex_arguments& call) noexcept {
  return call.bits != 0 && (call.command() == FUTEX_WAIT || call.command() == FUTEX_WAIT_BITSET);
}
bool wakes(const futex_arguments& call) noexcept {
  return call.bits != 0 && (call.command() == FUTEX_WAKE || call.command() == FUTEX_WAKE_BITSET);
}
bool moves(const futex_arguments& call) noexcept {
  const int command = call.command();
  return command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE || command == FUTEX_WAKE_OP;
}

using six = long[6];

futex_arguments arguments_of(const six& a) noexcept {
  const int command = static_cast<int>(a[1]) & FUTEX_CMD_MASK;
  const bool has_bits = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET;
  return {reinterpret_cast<std::uint32_t*>(a[0]), static_cast<int>(a[1]), static_cast<std::uint32_t>(a[2]),
          reinterpret_cast<const timespec*>(a[3]), has_bits ? static_cast<std::uint32_t>(a[5]) : k_any};
}

long pass_on(long number, const six& a) noexcept { return real().syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); }

long wait(const futex_arguments& call, const six& a, const void* caller) noexcept {
  // What is no time the kernel refuses at once.
  if (!call.has_a_time() || look_around(taken::syscall, caller) != ground::may_park) return pass_on(SYS_futex, a);
  const long error = wait_as_fiber(call);
  return error == 0 ? 0 : fail(static_cast<int>(error));
}

// N1: the change before was a plain store, perhaps.
long wake(const futex_arguments& call, const six& a) noexcept {
  lot_env::fence();
  if (has_nobody_after_release(call.word)) return pass_on(SYS_futex, a);
  const std::uint32_t most = call.value > INT_MAX ? INT_MAX : call.value;
  const std::uint32_t fibers = wake_from_lot(call.word, most, call.bits);
  if (fibers == most) return fibers;
  const six rest{a[0], a[1], static_cast<long>(most - fibers), a[3], a[4], a[5]};
  const long threads = pass_on(SYS_futex, rest);
  return threads < 0 ? threads : threads + fibers;
}

long move(const futex_arguments& call, const six& a) noexcept {
  const long outcome = pass_on(SYS_futex, a);
  after_change(call.word, UINT32_MAX);
  after_change(reinterpret_cast<const void*>(a[4]), UINT32_MAX);
  return outcome;
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
  // libuv closes so, and jemalloc.
  if (number == SYS_close && !closes_in_silence(WEFT_CALLER)) return weft::posix::close(static_cast<int>(a[0]));
  if (number == SYS_close_range && !closes_in_silence(WEFT_CALLER))
    return weft::posix::close_range(static_cast<unsigned>(a[0]), static_cast<unsigned>(a[1]), static_cast<int>(a[2]));
  if (number != SYS_futex || is_ours(WEFT_CALLER)) return pass_on(number, a);
  const futex_arguments call = arguments_of(a);
  if (waits(call)) return wait(call, a, WEFT_CALLER);
  if (wakes(call)) return wake(call, a);
  return moves(call) ? move(call, a) : pass_on(number, a);
}
