#pragma once
// Room: runtime. Of <chrono> what signatures speak of: durations, points in time, the three clocks, and the literals
// (10ms). The whole of it has calendars, time zones and their streams besides, and is what an including program would
// wait for longest. libstdc++ keeps the two apart since GCC 12; elsewhere it is all of <chrono>.
// Next: functional.hpp, the same of <functional>.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <version>

#if defined(__GLIBCXX__) && __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
