#pragma once
// Room: runtime. What std's *_at_thread_exit need: a call at the end of the calling fiber, or plain thread.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Calls f(argument) when the calling fiber has ended, on its own stack: after its function's closure and its
// fiber_locals are destroyed, before whoever joins it goes on. The calls are made in the order in which they were asked
// for; cancellation is held back meanwhile. On a plain thread: as the thread ends, after its fiber_locals, in the order
// that its thread_locals have (those that were constructed before weft was first used on it are destroyed later).
// Throws std::bad_alloc, and has then asked for nothing.
void call_at_end(void (*f)(void*) noexcept, void* argument);

}  // namespace weft::detail

#pragma GCC visibility pop
