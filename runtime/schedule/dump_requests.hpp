#pragma once
// Room: runtime. What a monitor asks before it sleeps: does somebody want a dump? It stands here because it is asked
// here; who writes it is quit_dump.cpp, above ("Asking for a dump").

namespace weft::detail {

[[nodiscard]] bool is_dump_requested() noexcept;

// Writes the dump on stderr if one is asked for that no other monitor writes. Says nothing if memory is short.
void answer_dump_request() noexcept;

}  // namespace weft::detail
