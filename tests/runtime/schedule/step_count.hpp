#pragma once
// Room: tests of runtime. How many instructions the calling thread executes, counted one by one by the processor's trap
// flag: exact, the same in every run, and of the product as it is. Some thousand times slower, so it is for short
// pieces. No clock is in it. x86-64 alone, and not under sanitizers, whose code would be counted, too.

#include <cstdint>

#include "sanitizers.hpp"

#if defined(__x86_64__) && !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
#define WEFT_COUNTS_STEPS 1
#endif

namespace weft::testing {

struct steps {
  std::uint64_t instructions = 0;
  std::uint64_t locked = 0;  // of them: lock-prefixed ones, exchanges with memory, full fences
  friend bool operator==(const steps&, const steps&) = default;
};

#ifdef WEFT_COUNTS_STEPS

// One at a time in the process. From begin to end on one thread.
class step_counter {
 public:
  step_counter();
  ~step_counter();
  step_counter(const step_counter&) = delete;
  step_counter& operator=(const step_counter&) = delete;

  void begin() noexcept;
  [[nodiscard]] steps end() noexcept;
};

// What `piece` takes, and a few instructions of ours, always as many. It may switch to other fibers of the thread.
template <class F>
steps count_steps(F piece) {
  step_counter counter;
  counter.begin();
  piece();
  return counter.end();
}

#endif

}  // namespace weft::testing
