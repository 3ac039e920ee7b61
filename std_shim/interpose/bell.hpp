#pragma once
// std_shim, interpose: how a plain thread sleeps in a condition variable's queue (condition.cpp): in libc's own
// sem_wait, which pthread_cancel ends, on either clock. On the frame of who waits.

#include <cerrno>
#include <ctime>

#include <semaphore.h>

#include "last_error.hpp"
#include "real_functions.hpp"

namespace weft::interpose {

struct bell {
  bell() noexcept { ::sem_init(&sounds, 0, 0); }
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;

  // By who took the node off the queue, once. The thread may be gone with its bell before this returns: libc posts by
  // one step, and then uses the address alone.
  void ring() noexcept { real().sem_post(&sounds); }

  // 0, or ETIMEDOUT. `until` null: for ever. A cancellation point.
  int sleep(clockid_t clock, const timespec* until) {
    const int before = last_error();
    int error = EINTR;
    while (error == EINTR)
      error = (until == nullptr ? real().sem_wait(&sounds) : real().sem_clockwait(&sounds, clock, until)) == 0
                  ? 0
                  : last_error();
    set_error(before);
    return error;
  }

  sem_t sounds;
};

}  // namespace weft::interpose
