#pragma once
// Room: runtime. What a runtime is made with. An option in code beats the environment, which beats the default; zero
// means not given. A value that cannot be is refused with std::invalid_argument, naming the variable or the option, and
// the value.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace weft {

struct options {
  std::size_t workers = 0;  // WEFT_WORKERS; default: CPUs by affinity and cgroup quota. At most 256.
  std::size_t stack_size =
      0;                   // WEFT_STACK_SIZE (a suffix k, m or g is understood); bytes, guard included, rounded up to a
                           // power of two; default 256 KiB, of which only touched pages cost memory
  std::uint64_t seed = 0;  // WEFT_SEED; default: fresh in each process. Feeds every random choice of the scheduler.
  bool throw_on_deadlock = false;  // run throws weft::deadlock where the process would end with it (deadlock.hpp)
};

}  // namespace weft

#pragma GCC visibility pop
