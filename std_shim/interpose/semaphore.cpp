// std_shim, interpose: sem_*. A fiber tries libc's own sem_trywait, then waits in the lot ("Waiting for libc's word",
// lot.hpp); whoever posts wakes one of it, also in a signal handler ("Posting from anywhere", courier.hpp). A fiber
// that is asked to end gets -1, ECANCELED. One that is shared between processes (a named one always is) may be posted
// where we do not see it: a fiber waits for it on a helper thread, as weft::blocking does.

#include <cerrno>

#include <weft/runtime/blocking.hpp>

#include "courier.hpp"
#include "exports.hpp"
#include "ground.hpp"
#include "lot.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

namespace {

int fail(int error) noexcept {
  errno = error;
  return -1;
}

// libc's own layout: the value, waiters beside it, and then whether it is shared.
bool is_shared(const sem_t* semaphore) noexcept {
  return reinterpret_cast<const int*>(semaphore)[sizeof(std::uint64_t) / sizeof(int)] != 0;
}

template <class RealWait>
int wait_on_a_helper(RealWait real_wait) noexcept {
  try {
    int error = 0;
    const pin_guard stays;
    weft::blocking([&] { error = real_wait() == 0 ? 0 : errno; });
    return error == 0 ? 0 : fail(error);
  } catch (const weft::cancelled&) {
    return fail(ECANCELED);
  } catch (...) {
    return real_wait();  // there is no helper to be had
  }
}

template <class RealWait>
int wait_with(sem_t* semaphore, const time_limit& limit, taken which, const void* caller, RealWait real_wait) {
  if (!detail::on_fiber()) return real_wait();
  if (::sem_trywait(semaphore) == 0) return 0;
  if (look_around(which, caller) != ground::may_park) return real_wait();
  if (!limit.is_valid()) return fail(EINVAL);
  if (is_shared(semaphore)) return wait_on_a_helper(real_wait);
  begin_courier();
  for (;;) {
    const auto reason = wait_in_lot(semaphore, limit.until(), detail::cancellation::honoured, "semaphore",
                                    [semaphore] { return ::sem_trywait(semaphore) == 0; });
    if (reason == detail::wake_reason::ready) return 0;
    if (reason == detail::wake_reason::cancelled) return fail(ECANCELED);
    if (limit.is_over()) return fail(ETIMEDOUT);
  }
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int sem_wait(sem_t* semaphore) {
  return wait_with(semaphore, {}, taken::sem_wait, WEFT_CALLER, [=] { return real().sem_wait(semaphore); });
}
WEFT_TAKES int sem_timedwait(sem_t* semaphore, const timespec* until) {
  return wait_with(semaphore, {CLOCK_REALTIME, until}, taken::sem_timedwait, WEFT_CALLER,
                   [=] { return real().sem_timedwait(semaphore, until); });
}
WEFT_TAKES int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* until) {
  return wait_with(semaphore, {clock, until}, taken::sem_clockwait, WEFT_CALLER,
                   [=] { return real().sem_clockwait(semaphore, clock, until); });
}
WEFT_TAKES int sem_post(sem_t* semaphore) noexcept {
  const int outcome = real().sem_post(semaphore);
  // Of its address alone: the semaphore may be gone.
  if (outcome == 0 && !has_nobody_after_release(semaphore)) wake_one_from_anywhere(semaphore);
  return outcome;
}
