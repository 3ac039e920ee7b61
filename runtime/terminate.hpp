#pragma once
// Room: runtime. The last words of a fiber: who it was, when its process ends because of it.

#include <string>

#include "fiber_label.hpp"

namespace weft::detail {

struct fiber_block;

// `fiber #12 'main', spawned at server.cpp:40` - as much of it as is known.
[[nodiscard]] std::string describe(const fiber_label::copy& label);
[[nodiscard]] std::string describe(const fiber_block& fiber);

// `server.cpp:40`, or the symbol of the spawning call; empty if unknown.
[[nodiscard]] std::string site_of(const fiber_label::copy& label);

// From now on std::terminate first names the fiber that it happened on, and what was thrown. Once; chained.
void name_fibers_on_terminate() noexcept;

}  // namespace weft::detail
