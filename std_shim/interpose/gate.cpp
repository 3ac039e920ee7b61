// std_shim, interpose. See gate.hpp.

#include "gate.hpp"

#include <netdb.h>

namespace weft::interpose {

bool g_migrates = false;

// The barrier keeps the compiler from finding that they are pure.
[[gnu::noinline]] int error_now() noexcept {
  asm volatile("" ::: "memory");
  return errno;
}
[[gnu::noinline]] void set_error(int number) noexcept {
  asm volatile("" ::: "memory");
  errno = number;
}
[[gnu::noinline]] int host_error_now() noexcept {
  asm volatile("" ::: "memory");
  return h_errno;
}
[[gnu::noinline]] void set_host_error(int number) noexcept {
  asm volatile("" ::: "memory");
  h_errno = number;
}

}  // namespace weft::interpose
