#pragma once
// Room: posix. preadv2 and pwritev2 with the flag that keeps them from waiting. On x86-64 without libc's function: what
// that does to be cancelled by pthread_cancel (which nobody does to a worker) takes 15 to 20 ns of a call in a process
// with threads. No sanitizer watches these two, but ThreadSanitizer is told of them (race_detector.hpp). There, on
// other processors, and for everything else it is libc's function (real.hpp).

#include <sys/syscall.h>
#include <sys/uio.h>

#include <weft/posix.hpp>

#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

inline constexpr int k_no_wait = 0x08;  // RWF_NOWAIT: Linux 4.14

#if defined(__x86_64__) && defined(__LP64__) && !defined(__SANITIZE_THREAD__) && !defined(WEFT_SANITIZE_READY)

// The position in one register; the one for its upper half counts for nothing.
[[gnu::always_inline]] inline ssize_t move_without_waiting(long number, int fd, const iovec* parts, int count,
                                                           off_t offset) noexcept {
  ssize_t result = number;
  register long at asm("r10") = offset;
  register long no_upper_half asm("r8") = 0;
  register long flag asm("r9") = k_no_wait;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(static_cast<long>(fd)), "S"(parts), "d"(static_cast<long>(count)), "r"(at), "r"(no_upper_half),
                 "r"(flag)
               : "rcx", "r11", "cc", "memory");
  if (result >= 0) [[likely]]
    return result;
  return fail(static_cast<int>(-result));
}

[[nodiscard]] inline ssize_t read_no_wait(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return move_without_waiting(SYS_preadv2, fd, parts, count, offset);
}
[[nodiscard]] inline ssize_t write_no_wait(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return move_without_waiting(SYS_pwritev2, fd, parts, count, offset);
}

#else

[[nodiscard]] inline ssize_t read_no_wait(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return real().preadv2(fd, parts, count, offset, k_no_wait);
}
[[nodiscard]] inline ssize_t write_no_wait(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return real().pwritev2(fd, parts, count, offset, k_no_wait);
}

#endif

}  // namespace weft::posix
