// std_shim, interpose: pthread_join and its like. The kernel tells libc alone when a thread has gone: a helper thread
// waits for it. A join is not called off (whoever calls it has no way to be told, and std::thread's would throw): a
// fiber that is asked to end hears of it after. A thread that is a fiber (fiber_thread.hpp) is waited for as one.

#include "joining.hpp"

#include <cerrno>

#include <pthread.h>
#include <threads.h>

#include "exports.hpp"
#include "fiber_thread.hpp"
#include "gate.hpp"
#include "report.hpp"

namespace weft::interpose {

namespace {

int libcs(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  if (until == nullptr) return real().pthread_join(thread, result);
  // The same; but ThreadSanitizer knows of the one alone.
  if (clock == CLOCK_REALTIME) return real().pthread_timedjoin_np(thread, result, until);
  return real().pthread_clockjoin_np(thread, result, clock, until);
}

}  // namespace

int join_thread(pthread_t thread, void** result, clockid_t clock, const timespec* until, taken which,
                const void* caller) {
  if (fiber_thread* const one = thread_of(thread)) {
    if (reports()) (void)look_around(which, caller);
    return join_fiber(*one, result, clock, until);
  }
  // Its own thread's end is nothing that a fiber can wait for: libc says so.
  if (look_around(which, caller) != ground::may_park || ::pthread_equal(thread, real().pthread_self()) != 0)
    return libcs(thread, result, clock, until);
  if (const int now = real().pthread_tryjoin_np(thread, result); now != EBUSY) return now;
  const on_one_thread stays;
  const int before = last_error();
  int outcome = 0;
  try {
    weft::shield([&] { weft::blocking([&] { outcome = libcs(thread, result, clock, until); }); });
  } catch (const std::exception&) {
    outcome = libcs(thread, result, clock, until);  // there is no helper to be had
  }
  set_error(before);
  return outcome;
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_join(pthread_t thread, void** result) {
  return join_thread(thread, result, CLOCK_REALTIME, nullptr, taken::pthread_join, WEFT_CALLER);
}
WEFT_TAKES int pthread_tryjoin_np(pthread_t thread, void** result) noexcept {
  fiber_thread* const one = thread_of(thread);
  return one != nullptr ? try_join_fiber(*one, result) : real().pthread_tryjoin_np(thread, result);
}
WEFT_TAKES int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until) {
  return join_thread(thread, result, CLOCK_REALTIME, until, taken::pthread_timedjoin_np, WEFT_CALLER);
}
WEFT_TAKES int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* until) {
  return join_thread(thread, result, clock, until, taken::pthread_clockjoin_np, WEFT_CALLER);
}
WEFT_TAKES int thrd_join(thrd_t thread, int* result) {
  void* value = nullptr;
  if (join_thread(thread, &value, CLOCK_REALTIME, nullptr, taken::thrd_join, WEFT_CALLER) != 0) return thrd_error;
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(value));
  return thrd_success;
}
