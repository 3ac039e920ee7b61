#pragma once
// Room: runtime. Who delays the end of a runtime: in words, for stderr.

#include <string>

namespace weft::detail {

class scheduler;

// "weft: the end of the runtime waits for 2 fibers:", and a line for each of the first ten: who it is, where it was
// spawned, what it does that keeps it from ending.
[[nodiscard]] std::string report_who_is_left(const scheduler& home);

}  // namespace weft::detail
