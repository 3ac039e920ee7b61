#pragma once
// Room: runtime. What few fibers and threads have: values of their own (fiber_local.hpp), calls at their end
// (detail/at_end.hpp), a stop source. Made when the first of it is, so that all others pay one pointer in the block and
// one look at it as they end. It owns these; their types and users are elsewhere.
//
// The pointer and `stopping` of a fiber's are written by the fiber under lock_of(fiber), and read under it by who asks
// for its end ("Asking to end", attention_word.hpp); all else is the fiber's or the thread's alone.
// Next: fiber_extension.cpp.

#include <cstdint>
#include <stop_token>

#include <weft/runtime/detail/at_end.hpp>
#include <weft/runtime/detail/local_value.hpp>

#include "fiber_block.hpp"
#include "worker.hpp"

namespace weft::detail {

struct end_call {
  void (*f)(void*) noexcept;
  void* argument;
  end_call* next;
};

struct fiber_extension {
  local_value* locals = nullptr;  // newest first
  std::uint32_t inherited = 0;    // how many of them children get a copy of
  end_call* first_call = nullptr;
  end_call* last_call = nullptr;
  std::stop_source stopping{std::nostopstate};
};

// The calling thread's own, on no fiber: this_worker.cpp, which gives it to end_thread_extension as the thread ends.
[[nodiscard]] fiber_extension*& this_thread_extension() noexcept;
void end_thread_extension(fiber_extension* of_thread) noexcept;

// Of the caller, who is on `w`, or null.
[[nodiscard]] inline fiber_extension* find_extension(worker* w) noexcept {
  const fiber_block* const fiber = w != nullptr ? w->current() : nullptr;
  // relaxed: the fiber's own.
  return fiber != nullptr ? fiber->extension.load(std::memory_order_relaxed) : this_thread_extension();
}

// Copies of what is inherited, for a fiber that is not in a queue yet. Throws what a copy throws; what the child has
// got by then is ended with it.
void inherit_locals(const fiber_extension& from, fiber_block& child);

void drop_extension(fiber_block& ending) noexcept;

// On the fiber's own stack, its closure being gone; or by its spawner. Destroys the values, newest first, then makes
// the calls, and so on until there is neither.
inline void end_extension(fiber_block& ending) noexcept {
  // relaxed: the caller's own.
  if (ending.extension.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    drop_extension(ending);
}

// A2, by who holds the fiber; empty if it has none. Its request_stop runs user code: under no lock.
[[nodiscard]] std::stop_source stop_source_of(const fiber_block& asked) noexcept;
// The same for a block that may have gone to another fiber: empty unless that is one of `home`.
[[nodiscard]] std::stop_source stop_source_of(const fiber_block& asked, const scheduler& home) noexcept;

}  // namespace weft::detail
