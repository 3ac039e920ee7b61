#pragma once
// Room: runtime. Every fiber of the process in words, for whoever asks why nothing goes on:
//
//   weft::dump(std::cerr);
//
//   weft: 3 fibers
//   fiber #1 'main', spawned at server.cpp:12: parked for 4.210 s: join
//       weft::detail::park(...)+0x4c in ./server
//       ...
//   fiber #7, spawned at server.cpp:40: running on worker 1
//   fiber #9, spawned at server.cpp:41: ready
//
// Parked fibers are shown with their stack traces (x86_64), each held still while its own stack is walked: a wake-up
// that comes meanwhile is late by microseconds. A picture taken while everything goes on, as a snapshot is. Any thread,
// fiber or not, as often as one likes; not in signal handlers. Nothing is held while `out` is written to, so that may
// be a stream that parks. Functions are named from the symbol tables of program and libraries, if these were not
// stripped; else addresses are given as addr2line takes them.
// Next: snapshot.hpp, the same as data.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <iosfwd>

#pragma GCC visibility push(default)

namespace weft {

void dump(std::ostream& out);

}  // namespace weft

#pragma GCC visibility pop
