#pragma once
// std_shim, interpose: pthread_mutex_*, for those here who lock on a program's behalf. See mutex.cpp.

#include <pthread.h>

#include "ground.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

int lock_mutex(pthread_mutex_t* mutex, taken which, const void* caller) noexcept;
int lock_mutex_until(pthread_mutex_t* mutex, clockid_t clock, const timespec* until, taken which,
                     const void* caller) noexcept;
int try_mutex(pthread_mutex_t* mutex) noexcept;
int unlock_mutex(pthread_mutex_t* mutex) noexcept;

}  // namespace weft::interpose
