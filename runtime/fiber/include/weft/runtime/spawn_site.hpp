#pragma once
// Room: runtime. Where a fiber was spawned, for dumps and reports. std::source_location is not in every compiler that
// we support, so the builtins stand in for it. A default argument cannot follow a pack: forms that take arguments for
// the fiber's function record their return address instead, which a dump symbolises.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>

#pragma GCC visibility push(default)

namespace weft {

struct source_site {
  const char* file = nullptr;
  std::uint32_t line = 0;
  const void* address = nullptr;

  [[nodiscard]] static constexpr source_site current(const char* file = __builtin_FILE(),
                                                     std::uint32_t line = __builtin_LINE()) noexcept {
    return {file, line, nullptr};
  }
};

}  // namespace weft

#pragma GCC visibility pop
