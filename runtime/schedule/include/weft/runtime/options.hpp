#pragma once
// Room: runtime. What a runtime is made with. An option in code beats the environment, which beats the default; zero
// means not given. A value that cannot be is refused with std::invalid_argument, naming the variable or the option, and
// the value.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <cstdint>

#include <weft/runtime/detail/chrono.hpp>

#pragma GCC visibility push(default)

namespace weft {

struct dropped_exception;

// What SIGQUIT (Ctrl-\, kill -QUIT) does while a runtime lives. A program that has a handler for it, or ignores it,
// keeps that in any case; and so does one that asks for it by weft::signals, for as long.
enum class on_quit : std::uint8_t {
  standard,  // dump for weft::run; nothing for weft::runtime, whose host's signals are its own
  dump,      // the dump (dump.hpp) on stderr, and the process goes on
  nothing,   // of ours: it ends the process, as everywhere
};

struct options {
  std::size_t workers = 0;  // WEFT_WORKERS; default: CPUs by affinity and cgroup quota. At most 256.
  std::size_t stack_size =
      0;                   // WEFT_STACK_SIZE (a suffix k, m or g is understood); bytes, guard included, rounded up to a
                           // power of two; default 256 KiB, of which only touched pages cost memory
  std::uint64_t seed = 0;  // WEFT_SEED; default: fresh in each process. Feeds every random choice of the scheduler.
  bool throw_on_deadlock = false;  // run throws weft::deadlock where the process would end with it (deadlock.hpp)
  on_quit quit = on_quit::standard;
  // Called where a join_handle goes whose fiber threw and was never joined (spawn.hpp); null: a line on stderr. It may
  // park, not throw.
  void (*on_dropped_exception)(const dropped_exception&) = nullptr;
  // WEFT_END_LIMIT (in ms or s: 500ms, 10s); default: no limit. For how long the end of the runtime may wait for fibers
  // that were asked to end and go on: in a blocking call, in a shield, computing. They are named on stderr every 5 s,
  // and waited for, because what they have in hand would be lost; a service that is started again, or is killed after
  // some seconds anyway, says how long. Then the process names them once more and exits with status 3, at once: no
  // destructors run, nothing is flushed.
  std::chrono::nanoseconds end_limit{0};
};

}  // namespace weft

#pragma GCC visibility pop
