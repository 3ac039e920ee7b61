// std_shim, interpose: sem_*. A fiber tries libc's own sem_trywait, then waits in the lot ("Waiting for libc's word",
// lot.hpp); whoever posts wakes one of it, also in a signal handler ("Posting from anywhere", courier.hpp). A fiber
// that is asked to end gets -1, ECANCELED. One that is shared between processes (a named one always is) may be posted
// where we do not see it: a fiber waits for it on a helper thread, as weft::blocking does.

#include <cerrno>
#include <chrono>
#include <exception>

#include <weft/runtime/blocking.hpp>

#include "courier.hpp"
#include "exports.hpp"
#include "ground.hpp"
#include "lot.hpp"
#include "race_detector.hpp"
#include "time_limit.hpp"

namespace weft::interpose {

namespace {

constexpr std::chrono::milliseconds k_slice{100};

int fail(int error) noexcept {
  set_error(error);
  return -1;
}

// libc's own layout: the value, waiters beside it, and then whether it is shared.
bool is_shared(const sem_t* semaphore) noexcept {
  return reinterpret_cast<const int*>(semaphore)[sizeof(std::uint64_t) / sizeof(int)] != 0;
}

// The helper looks up now and then, whether its fiber is asked to end.
int wait_on_a_helper(sem_t* semaphore, const time_limit& limit) noexcept {
  const pin_guard stays;
  int error = ETIMEDOUT;
  try {
    while (error == ETIMEDOUT || error == EINTR) {
      const timespec until = limit.but_at_most(k_slice);
      weft::blocking([&] {
        const auto wait = [&] { return real().sem_clockwait(semaphore, CLOCK_MONOTONIC, &until); };
        error = and_tell_of_permit(semaphore, wait) == 0 ? 0 : last_error();
      });
      if (error == ETIMEDOUT && limit.is_over()) break;
    }
  } catch (const weft::cancelled&) {
    if (error != 0) error = ECANCELED;  // else it had the permit already
  } catch (const std::exception&) {
    if (error != 0) error = ENOMEM;  // there is no helper to be had
  }
  return error == 0 ? 0 : fail(error);
}

template <class RealWait>
int wait_with(sem_t* semaphore, const time_limit& limit, taken which, const void* caller, RealWait real_wait) {
  if (!detail::on_fiber()) return real_wait();
  if (::sem_trywait(semaphore) == 0) return 0;
  if (look_around(which, caller) != ground::may_park) return real_wait();
  if (!limit.is_valid()) return fail(EINVAL);
  if (is_shared(semaphore)) return wait_on_a_helper(semaphore, limit);
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
  return wait_with(semaphore, {clock, until}, taken::sem_clockwait, WEFT_CALLER, [=] {
    return and_tell_of_permit(semaphore, [=] { return real().sem_clockwait(semaphore, clock, until); });
  });
}
WEFT_TAKES int sem_post(sem_t* semaphore) noexcept {
  const int outcome = real().sem_post(semaphore);
  // Of its address alone: the semaphore may be gone.
  if (outcome == 0 && !has_nobody_after_release(semaphore)) wake_one_from_anywhere(semaphore);
  return outcome;
}
