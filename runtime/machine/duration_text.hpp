#pragma once
// Room: runtime. Spans of time in words, as somebody would have typed them: for messages and dumps.

#include <cstdint>
#include <string>

namespace weft::detail {

// `300 ms`, `1.5 s`, `2 h`, `-20 us`: exact.
[[nodiscard]] std::string duration_in_words(std::int64_t nanoseconds);

// How long something has lasted: `3.204 s`, `10 ms`, `850 us`; no more of it than one wants to read.
[[nodiscard]] std::string age_in_words(std::int64_t nanoseconds);

}  // namespace weft::detail
