#pragma once
// Room: runtime. Spans of time, sizes and counts in words, as somebody would have typed them: for messages and dumps.

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::detail {

// `300 ms`, `1.5 s`, `2 h`, `-20 us`: exact.
[[nodiscard]] std::string duration_in_words(std::int64_t nanoseconds);

// How long something has lasted: `3.204 s`, `10 ms`, `850 us`; no more of it than one wants to read.
[[nodiscard]] std::string age_in_words(std::int64_t nanoseconds);

// `256 KiB`, `1 GiB`, `70000 bytes`: exact, with a unit that divides it.
[[nodiscard]] std::string size_in_words(std::size_t bytes);

// `1 fiber`, `2 fibers`.
[[nodiscard]] std::string count_in_words(std::uint64_t count, const char* of);

}  // namespace weft::detail
