#pragma once
// Room: runtime. The clock that timers go by, when it is not the steady clock: a test's, which moves it by hand.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

class clock_source {
 public:
  virtual ~clock_source() = default;
  // Any thread. Nanoseconds, never smaller than before. Whoever moves it calls runtime::look_again.
  [[nodiscard]] virtual std::int64_t now() const noexcept = 0;
};

}  // namespace weft::detail

#pragma GCC visibility pop
