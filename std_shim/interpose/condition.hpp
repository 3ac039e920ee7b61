#pragma once
// std_shim, interpose: pthread_cond_*, for C11's twins. See condition.cpp.

#include <pthread.h>

#include "ground.hpp"

namespace weft::interpose {

// Not noexcept: pthread_cancel unwinds through a thread's. `until` null: for ever.
int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until,
                       taken which, const void* caller);
int signal_condition(pthread_cond_t* condition) noexcept;
int broadcast_condition(pthread_cond_t* condition) noexcept;

}  // namespace weft::interpose
