#pragma once
// std_shim, interpose: the end of a thread. See joining.cpp.

#include <pthread.h>

#include "ground.hpp"

namespace weft::interpose {

// `until` null: for ever.
int join_thread(pthread_t thread, void** result, clockid_t clock, const timespec* until, taken which,
                const void* caller);

}  // namespace weft::interpose
