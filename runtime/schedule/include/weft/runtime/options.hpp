#pragma once
// Room: runtime. What a runtime is made with. An option in code beats the environment, which beats the default; zero
// means not given. A value that cannot be is refused with std::invalid_argument, naming the variable or the option, and
// the value.
//
// The environment, all that the library reads of it. Empty means not given:
//   WEFT_WORKERS     4               options::workers
//   WEFT_STACK_SIZE  64k, 1m         options::stack_size
//   WEFT_SEED        a number        options::seed, and simulation_options::seed
//   WEFT_END_LIMIT   500ms, 10s      options::end_limit
//   WEFT_POLLER      epoll, kqueue   how descriptors are watched, read as a runtime opens its first. For tests: a build
//                                    has its system's, or two by -Dpoller=both, and no option says which
//   WEFT_INTERPOSE   report, migrate, main   read by libweft_interpose alone, as it is loaded; its README says what is
//                                    meant
//   WEFT_INTERPOSE_KEYS  libfoo.so   likewise: libraries beside OpenSSL and GnuTLS whose thread keys are the fibers'

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
  // Of each fiber that does not say its own (spawn_options). WEFT_STACK_SIZE (a suffix k, m or g is understood); bytes,
  // guard included, rounded up to a power of two; from 16 KiB to 1 GiB; default 256 KiB. The guard takes 64 KiB of 256
  // KiB and of all that is more, 16 KiB of 32 to 128, 4 KiB of 16. The fiber of run has at least 8 MiB.
  // Only touched pages cost memory, and a share of a page table: what each of 10^6 parked and guarded fibers takes
  // (Linux 6.18, x86-64; bench/parked), of which 4,450 bytes are a page and the control block:
  //   64 KiB 4,579 bytes    256 KiB 4,964    512 KiB 5,477    1 MiB 6,503
  // Nothing makes the tables smaller: 4 KiB of them reach for 2 MiB of addresses. So the default is what fits into less
  // than 5 KiB, and a fiber that calls deep code (std::regex takes 0.3 to 0.8 KiB a character) asks for more, or makes
  // the call in weft::blocking, whose threads have the system's stacks.
  std::size_t stack_size = 0;
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
