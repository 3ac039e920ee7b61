#pragma once
// Room: runtime. How the processor rounds, and which floating-point exceptions trap: what fesetround and feenableexcept
// change. It belongs to the fiber: the jump keeps it (jump.hpp), and a new fiber begins with its worker's.

#include <cstdint>

namespace weft::detail {

#if defined(__x86_64__)

class float_environment {
 public:
  static float_environment current() noexcept {
    float_environment now;
    __asm__ __volatile__("stmxcsr %0\n\tfnstcw %1" : "=m"(now.sse_), "=m"(now.x87_));
    return now;
  }
  // To load it costs ten times as much as to compare.
  void enter() const noexcept {
    const float_environment now = current();
    if (((now.sse_ ^ sse_) & k_control_bits) == 0 && now.x87_ == x87_) [[likely]]
      return;
    __asm__ __volatile__("ldmxcsr %0\n\tfldcw %1" : : "m"(sse_), "m"(x87_));
  }

 private:
  static constexpr std::uint32_t k_control_bits = 0xffc0;  // not the sticky flags
  std::uint32_t sse_ = 0;
  std::uint16_t x87_ = 0;
};

#elif defined(__aarch64__)

class float_environment {
 public:
  static float_environment current() noexcept {
    float_environment now;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(now.control_));
    return now;
  }
  void enter() const noexcept {
    if (current().control_ == control_) [[likely]]
      return;
    __asm__ __volatile__("msr fpcr, %0" : : "r"(control_));
  }

 private:
  std::uint64_t control_ = 0;
};

#else

// Whatever the thread has.
class float_environment {
 public:
  static float_environment current() noexcept { return {}; }
  void enter() const noexcept {}
};

#endif

}  // namespace weft::detail
