// std_shim, interpose: pthread_once, which std::call_once uses. libc keeps the word and runs the routine. A fiber that
// sees it under way waits in the lot ("Waiting for libc's word", lot.hpp) until who runs it is done; then, or if the
// routine left by an exception, it asks libc.
// Who comes between a fiber's look and its question makes it sleep inside libc. That blocks its worker, and no more:
// who runs the routine is a thread, or a fiber of another worker, for on this one no other fiber ran since the look.
// That is why a routine does not park (ground.hpp).
// ThreadSanitizer has a pthread_once of its own, whose word is another: there a fiber blocks.

#include "once.hpp"

#include "exports.hpp"
#include "lot.hpp"
#include "race_detector.hpp"

namespace weft::interpose {

namespace {

constexpr int k_under_way = 1;
constexpr int k_done = 2;

int state_of(const pthread_once_t* once) noexcept { return __atomic_load_n(once, __ATOMIC_ACQUIRE); }
bool is_under_way(const pthread_once_t* once) noexcept {
  return (state_of(once) & (k_under_way | k_done)) == k_under_way && !has_race_detector();
}

// Also if the routine leaves by an exception: then the next one runs it.
struct wakes_at_end {
  pthread_once_t* once;
  ~wakes_at_end() { after_change(once, UINT32_MAX); }  // libc's is a plain store
};

}  // namespace

int call_routine_once(pthread_once_t* once, void (*routine)(), taken which, const void* caller) {
  if ((state_of(once) & k_done) != 0) return 0;
  if (is_under_way(once) && look_around(which, caller) == ground::may_park)
    (void)wait_in_lot(once, deadline::never(), detail::cancellation::ignored, "pthread_once",
                      [once] { return !is_under_way(once); });
  const wakes_at_end wakes{once};
  const once_routine inside;
  return real().pthread_once(once, routine);
}

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_once(pthread_once_t* once, void (*routine)()) {
  return call_routine_once(once, routine, taken::pthread_once, WEFT_CALLER);
}
WEFT_ALSO(__pthread_once, pthread_once);
