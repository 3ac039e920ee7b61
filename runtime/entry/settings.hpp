#pragma once
// Room: runtime. What a runtime is begun with: options in code, else the environment, else the defaults.

#include <weft/runtime/options.hpp>

namespace weft::detail {

// Fills what is zero from the environment, then from the defaults, and refuses what cannot be.
[[nodiscard]] options settle_options(const options& wanted);

}  // namespace weft::detail
