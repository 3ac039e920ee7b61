#pragma once
// std_shim, interpose: the process's first thread, under WEFT_INTERPOSE=main. See main_thread.cpp.

#include <pthread.h>

namespace weft::interpose {

// libc's own handle.
[[nodiscard]] pthread_t first_thread() noexcept;

// Runs call(argument) there, with its errno brought back, while the caller, main's fiber, is parked. One call at a
// time.
void on_first_thread(void (*call)(void*) noexcept, void* argument) noexcept;

}  // namespace weft::interpose
