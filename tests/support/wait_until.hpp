#pragma once
// Room: tests. How a test waits for others without sleeping: it lets them run until what it waits for is so. There is
// no time limit here; the watchdog is the limit of the whole case. For fibers and for plain threads.

#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

template <class Predicate>
void wait_until(Predicate is_so) {
  while (!is_so()) this_fiber::yield();
}

// Every fiber but the calling one is parked. Good only where nothing from outside (a timer, a socket) wakes them again.
void wait_until_all_parked();

// No fiber lives, and no stack is promised to any: for plain threads that used a runtime which never ends, whose worker
// keeps what it may promise until it sleeps.
void wait_until_nothing_lives();

}  // namespace weft::testing
