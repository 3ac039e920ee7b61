#pragma once
// Room: runtime. Source lines of addresses of code, for dumps: from debug information (DWARF), in the program and its
// libraries or apart from them by build id, where libdw is installed (Debian: libdw1). Reads files, and wants some of a
// thread's stack: neither for signal handlers nor for fibers. Nothing is fetched over a network.
// Next: symbols.hpp, which names the functions.

#include <span>
#include <string>

namespace weft::detail {

// Looks up, at once, those that were not looked up before. False: there is no libdw, and so no line of them.
bool learn_lines(std::span<const void* const> return_addresses);

// `/src/server.cpp:14`; where another function was inlined there, `/src/server.cpp:14 (inlined: /src/queue.hpp:220)`.
// Of the call, which is before the address. Empty if it was not learned, or is not known.
[[nodiscard]] std::string line_of(const void* return_address);

}  // namespace weft::detail
