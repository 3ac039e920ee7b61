#pragma once
// Room: posix. preadv2 and pwritev2 beside ThreadSanitizer, which has neither. Without more it would see no bytes come
// and go, and not that who reads from a pipe comes after who wrote: it would tell of races where there are none.

#include <cstddef>

#include <sys/uio.h>

namespace weft::posix {

// Its own, in place of those; null: it is not there, or has them by now.
struct told_calls {
  decltype(&::preadv2) preadv2 = nullptr;
  decltype(&::pwritev2) pwritev2 = nullptr;
};

// Once the table of libc's own functions (real.hpp) is whole.
[[nodiscard]] told_calls calls_for_race_detector() noexcept;

}  // namespace weft::posix
