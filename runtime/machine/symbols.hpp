#pragma once
// Room: runtime. What stands at an address of code, for dumps and reports: the function, from the symbols that the
// module exports and from its symbol table, if that was not stripped. Reads files; not for signal handlers.

#include <cstdint>
#include <string>

namespace weft::detail {

enum class code_of : std::uint8_t {
  user,         // or the standard library's, or unknown
  weft,         // what users call
  weft_inside,  // what that is made of
};
[[nodiscard]] code_of whose_code(const void* return_address);

// `weft::run_loop()+0x1c in /usr/bin/server`, or `/usr/bin/server+0x40a2` (for addr2line), or `0x55d0c0ffee`. The
// function is the one that made the call: what follows a call that never returns may be another one. If its line was
// learned (source_lines.hpp): `weft::run_loop()+0x1c at /src/loop.cpp:14 in /usr/bin/server`.
[[nodiscard]] std::string describe_return_address(const void* address);

// The function alone, `weft::run_loop()`; if its name is not known, all that describe_return_address says.
[[nodiscard]] std::string function_of(const void* return_address);

}  // namespace weft::detail
