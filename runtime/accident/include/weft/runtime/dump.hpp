#pragma once
// Room: runtime. Every fiber of the process in words, for whoever asks why nothing goes on:
//
//   weft::dump(std::cerr);
//
//   weft: 1002 fibers
//   locked crosswise: fiber #2 'a' waits for mutex 0x7ffd1040, which fiber #3 'b' holds, who waits for ...
//   fiber #1 'main', spawned at server.cpp:12: parked for 4.21 s: join
//       main::{lambda()#1}::operator()() const+0x4c at /src/server.cpp:14 in ./server
//   fiber #2 'a', spawned at server.cpp:20: parked for 4.2 s: mutex 0x7ffd1040, held by fiber #3 'b'
//       ...
//   998 fibers, spawned at server.cpp:40: parked: channel receive, oldest 3.204 s, newest 10 ms
//       fiber #4, fiber #5, fiber #6, fiber #7 and 994 more
//       ...
//   fiber #1002, spawned at server.cpp:41: running on worker 1
//
// Fibers that were spawned at one place, wait for the same and have the same stack are told as one. Parked fibers are
// shown with their stack traces (x86_64), each held still while its own stack is walked: a wake-up that comes meanwhile
// is late by microseconds. So are those that are ready: each is taken out of its queue for the look, as a thief would
// take it, and goes on from the queue that all workers share; it says from which wait it was woken. "No trace": it was
// on its way between queues, the last dump was less than 5 ms ago, or it is simulated, where looking would change the
// order. Frames of weft itself are left out, but for the function that was called.
// Who waits for a mutex of weft says which; who holds it is known where the library looks for misuse of mutexes, which
// is with debug information (meson's debug=true).
// A picture taken while everything goes on, as a snapshot is. Any thread, fiber or not, as often as one likes; not in
// signal handlers. Nothing is held while `out` is written to, so that may be a stream that parks. Functions are named
// from the symbol tables of program and libraries, if these were not stripped; else addresses are given as addr2line
// takes them. File and line are told where there is debug information (-g or -g1; or apart, by build id) and libdw
// is installed (Debian, Ubuntu: libdw1; Fedora: elfutils-libs), and where another function was inlined, its line too.
// Where libdw is not installed, the dump ends with how to get it. The first dump reads debug information, some tens of
// milliseconds for a program of some MiB, later ones only of what is new; on a thread that is made for it, if it is a
// fiber that dumps, so its stack may be small.
// While weft::run lasts, SIGQUIT writes it on stderr (Ctrl-\, kill -QUIT; options.hpp says how not).
// Next: snapshot.hpp, the same as data.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <iosfwd>

#pragma GCC visibility push(default)

namespace weft {

void dump(std::ostream& out);

}  // namespace weft

#pragma GCC visibility pop
