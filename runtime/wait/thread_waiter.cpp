// Room: runtime. See thread_waiter.hpp.

#include "thread_waiter.hpp"

#include <weft/runtime/detail/futex.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

#include "context.hpp"
#include "simulation_border.hpp"

namespace weft::detail {

slab<thread_waiter>& thread_slab() noexcept {
  static auto* const s = new slab<thread_waiter>;
  return *s;
}

wake_reason thread_waiter::park(std::uint64_t generation, deadline until) noexcept {
  waits_for_ever = until.is_never();
  if (word.publish() == must::make_ready) return word.finish();  // unparked already
  // acquire: what the waker did before; pairs with the release in make_ready.
  while (signal.load(std::memory_order_acquire) == 0) {
    if (futex_wait_until(signal, 0, until)) continue;
    // The deadline is a claimant like any other. If it loses, a waker is on its way.
    if (word.claim(generation, wake_reason::timed_out) != waiting_word<real_env>::outcome::lost) return word.finish();
    until = deadline::never();
  }
  signal.store(0, std::memory_order_relaxed);  // relaxed: the next waker comes after the next arm
  announce_acquire(static_cast<waiter*>(this));
  return word.finish();
}

void thread_waiter::make_ready() noexcept {
  if (is_anything_simulated()) [[unlikely]]
    check_wake_stays_inside(nullptr);
  // release: pairs with the acquire in park. After it the thread may be gone: the block is type-stable, and a wake of
  // somebody else's wait on the same word makes that one look again.
  signal.store(1, std::memory_order_release);
  futex_wake_one(signal);
}

}  // namespace weft::detail
