#pragma once
// std_shim, interpose: pthread_once, for call_once of C11. See once.cpp. It lets through what the routine throws.

#include "ground.hpp"

namespace weft::interpose {

int call_routine_once(pthread_once_t* once, void (*routine)(), taken which, const void* caller);

}  // namespace weft::interpose
