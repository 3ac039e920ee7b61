#pragma once
// Room: runtime. What a thread inherits from whoever makes it, taken back: a helper thread is the process's, and the
// fiber whose call happened to make it may have changed its worker's for itself. Workers keep what they inherit: it is
// that of the thread that made the runtime, as with std::thread.
//
//   signal mask                     thread_signals.hpp: of each call
//   floating environment            the default, for each call
//   processors, scheduling, nice    the main thread's, which are the process's: once, when the helper begins
//   name                            the helper's own
//
// Next: life/blocking.cpp, which asks for it.

namespace weft::detail {

// Of the calling thread. What the system refuses (a nice value that may not be lowered again) stays as it is.
void take_processors_and_scheduling_of_main_thread() noexcept;

// Rounding to nearest, no exception trapped or noted, as a program begins.
void take_default_float_environment() noexcept;

}  // namespace weft::detail
