#pragma once
// Room: runtime. What a helper thread of `blocking` does right now, and on which stack, for who names an overflow of it
// (stack_overflow.hpp): a signal handler on that thread. The thread alone writes it.

#include <cstddef>
#include <cstdint>

namespace weft::detail {

struct fiber_block;

class helper_call {
 public:
  // Of the calling thread, to which its accessor is this_helper_call().
  helper_call() noexcept;
  ~helper_call();
  helper_call(const helper_call&) = delete;
  helper_call& operator=(const helper_call&) = delete;

  void begin(const fiber_block* caller, const void* returns_to) noexcept {
    caller_ = caller;
    returns_to_ = returns_to;
  }
  void end() noexcept { caller_ = nullptr; }

  // In the guard below the thread's stack.
  [[nodiscard]] bool is_overflow(const void* address) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at < bottom_ && bottom_ - at <= guard_size_;
  }
  [[nodiscard]] std::size_t stack_size() const noexcept { return stack_size_; }
  // Null between two calls; parked until the call has ended.
  [[nodiscard]] const fiber_block* caller() const noexcept { return caller_; }
  // Where the call goes on, in the code of the caller.
  [[nodiscard]] const void* returns_to() const noexcept { return returns_to_; }

 private:
  std::uintptr_t bottom_ = 0;
  std::size_t stack_size_ = 0;
  std::size_t guard_size_ = 0;
  const fiber_block* caller_ = nullptr;
  const void* returns_to_ = nullptr;
};

// The calling thread's; null on all that are no helpers. For signal handlers, too.
[[nodiscard]] const helper_call* this_helper_call() noexcept;
void set_this_helper_call(const helper_call* call) noexcept;

}  // namespace weft::detail
