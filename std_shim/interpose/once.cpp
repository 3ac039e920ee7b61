// std_shim, interpose: pthread_once, which std::call_once uses. libc keeps the word and runs the routine. A routine
// never parks (ground.hpp), because who comes meanwhile may sleep inside libc, on a worker; a fiber that sees it
// under way waits in the lot until who runs it is done.

#include "once.hpp"

#include "exports.hpp"
#include "lot.hpp"

namespace weft::interpose {

namespace {

constexpr int k_under_way = 1;
constexpr int k_done = 2;

int state_of(const pthread_once_t* once) noexcept { return __atomic_load_n(once, __ATOMIC_ACQUIRE); }
bool is_under_way(const pthread_once_t* once) noexcept {
  return (state_of(once) & (k_under_way | k_done)) == k_under_way;
}

// Also if the routine leaves by an exception: then the next one runs it.
struct wakes_at_end {
  pthread_once_t* once;
  ~wakes_at_end() { after_release(once, UINT32_MAX); }
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
