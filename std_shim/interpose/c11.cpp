// std_shim, interpose: C11's names of what pthread_* has: libc's mtx_t, cnd_t and once_flag are those of pthreads.

#include <cerrno>

#include "condition.hpp"
#include "exports.hpp"
#include "mutex.hpp"
#include "once.hpp"

namespace weft::interpose {

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t) &&
              sizeof(once_flag) == sizeof(pthread_once_t));

pthread_mutex_t* as_pthread(mtx_t* mutex) noexcept { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* as_pthread(cnd_t* condition) noexcept { return reinterpret_cast<pthread_cond_t*>(condition); }

int as_c11(int error) noexcept {
  switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ETIMEDOUT: return thrd_timedout;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
  }
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int mtx_lock(mtx_t* mutex) { return as_c11(lock_mutex(as_pthread(mutex), taken::mtx_lock, WEFT_CALLER)); }
WEFT_TAKES int mtx_trylock(mtx_t* mutex) { return as_c11(try_mutex(as_pthread(mutex))); }
WEFT_TAKES int mtx_timedlock(mtx_t* mutex, const timespec* until) {
  return as_c11(lock_mutex_until(as_pthread(mutex), CLOCK_REALTIME, until, taken::mtx_timedlock, WEFT_CALLER));
}
WEFT_TAKES int mtx_unlock(mtx_t* mutex) { return as_c11(unlock_mutex(as_pthread(mutex))); }

WEFT_TAKES int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return as_c11(wait_for_condition(as_pthread(condition), as_pthread(mutex), CLOCK_REALTIME, nullptr, taken::cnd_wait,
                                   WEFT_CALLER));
}
WEFT_TAKES int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return as_c11(wait_for_condition(as_pthread(condition), as_pthread(mutex), CLOCK_REALTIME, until,
                                   taken::cnd_timedwait, WEFT_CALLER));
}
WEFT_TAKES int cnd_signal(cnd_t* condition) { return as_c11(signal_condition(as_pthread(condition))); }
WEFT_TAKES int cnd_broadcast(cnd_t* condition) { return as_c11(broadcast_condition(as_pthread(condition))); }

WEFT_TAKES void call_once(once_flag* flag, void (*routine)()) {
  (void)call_routine_once(reinterpret_cast<pthread_once_t*>(flag), routine, taken::call_once, WEFT_CALLER);
}
