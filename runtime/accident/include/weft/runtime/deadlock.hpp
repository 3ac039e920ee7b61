#pragma once
// Room: runtime. The end of a process none of whose fibers can ever run again: it says
//
//   weft: all fibers are asleep - deadlock!
//
// and writes the dump (dump.hpp) on stderr, and exits with status 2, as Go does. It is said only if nothing is left
// that could wake anyone: every fiber of every runtime waits without a deadline and for no descriptor, signal or
// blocking call, and every other thread of the process waits in weft too, without a deadline. A single thread that sits
// elsewhere, in a system call or a loop, may be about to wake somebody, so it keeps the process silent.
//
// Where a process must outlive it, options.throw_on_deadlock makes weft::run and runtime::run throw weft::deadlock
// instead; the main fiber is then cancelled and joined like any other that is left. If a fiber is in a wait that
// cannot be cancelled (a lock), the process ends as above.
// A simulation that comes to this throws it at once (simulate.hpp). Next: dump.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <stdexcept>
#include <string>

#pragma GCC visibility push(default)

namespace weft {

class deadlock : public std::runtime_error {
 public:
  // what() is the line above, and the dump.
  explicit deadlock(const std::string& dump);
};

}  // namespace weft

#pragma GCC visibility pop
