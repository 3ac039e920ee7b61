#pragma once
// Room: runtime. A fiber in words, for reports and last words.

#include <string>

#include "fiber_label.hpp"

namespace weft::detail {

struct fiber_block;

// `fiber #12 'main', spawned at server.cpp:40` - as much of it as is known.
[[nodiscard]] std::string describe(const fiber_label::copy& label);
[[nodiscard]] std::string describe(const fiber_block& fiber);

// `fiber #12 'main'`.
[[nodiscard]] std::string name_of(const fiber_label::copy& label);

// `mutex 0x7ffd1040`: `kind` is what its waiters say that they wait for.
[[nodiscard]] std::string text_of_lock(const char* kind, const void* lock);

// `server.cpp:40`, or the symbol of the spawning call; empty if unknown.
[[nodiscard]] std::string site_of(const fiber_label::copy& label);

}  // namespace weft::detail
