#pragma once
// std_shim, interpose: how a plain thread sleeps in a condition variable's queue: in libc's own wait, on a condition
// variable of its own, so that pthread_cancel and every clock work as they do in libc. On the frame of who waits.

#include <pthread.h>

#include "real_functions.hpp"

namespace weft::interpose {

struct bell {
  // By who took the node off the list, once. The thread may be gone with the bell when it returns.
  void ring() noexcept {
    real().pthread_mutex_lock(&lock);
    rung = true;
    real().pthread_cond_signal(&sounds);
    real().pthread_mutex_unlock(&lock);
  }

  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t sounds = PTHREAD_COND_INITIALIZER;
  bool rung = false;  // guarded by lock
};

}  // namespace weft::interpose
