#pragma once
// Room: runtime. What few fibers and threads have: values of their own (fiber_local.hpp), calls at their end
// (detail/at_end.hpp), a stop source. Made when the first of it is, so that all others pay one pointer in the block and
// one look at it as they end. It owns these; their types and users are elsewhere.
//
// The pointer and `stopping` of a fiber's are written by the fiber under lock_of(fiber), and read under it by who asks
// for its end ("Asking to end", attention_word.hpp); all else is the fiber's or the thread's alone.
// Next: own_values.cpp, what the running fiber does with its own.

#include <cstdint>
#include <stop_token>

#include <weft/runtime/detail/local_value.hpp>

#include "fiber_block.hpp"

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

// Of a thread that ends.
void end_thread_extension(fiber_extension* of_thread) noexcept;

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

// The extension of a fiber that has none, or none any more (null).
void publish_extension(fiber_block& of, fiber_extension* extension) noexcept;

// Takes a value out of the list that `at` points into, and destroys it.
void destroy_local(fiber_extension& of, local_value** at) noexcept;

// By the fiber itself.
void set_stop_source(fiber_block& of, fiber_extension& extension, const std::stop_source& fresh) noexcept;

// A2, by who holds the fiber; empty if it has none. Its request_stop runs user code: under no lock.
[[nodiscard]] std::stop_source stop_source_of(const fiber_block& asked) noexcept;
// The same for a block that may have gone to another fiber: empty unless that is one of `home`.
[[nodiscard]] std::stop_source stop_source_of(const fiber_block& asked, const scheduler& home) noexcept;

}  // namespace weft::detail
