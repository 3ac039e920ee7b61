#pragma once
// std_shim, interpose: WEFT_INTERPOSE=report. At the end of the process it tells on stderr, by library, which calls
// were made by fibers and waited: how many parked, how many really blocked, and why; then what is out of reach by
// its nature.

#include "ground.hpp"

namespace weft::interpose {

extern bool g_reports;  // constant after the start
[[nodiscard]] inline bool reports() noexcept { return __builtin_expect(g_reports, false); }

// One call of `which`, from the code at `caller`, that waits: parked, or for what reason not.
void note(taken which, const void* caller, ground how) noexcept;

void print_report() noexcept;

}  // namespace weft::interpose
