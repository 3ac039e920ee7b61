// Room: sync. See semaphore.hpp. Who waits, and how a permit comes to them; "Permits" in numbered steps stands in
// semaphore_word.hpp.

#include <weft/sync/semaphore.hpp>

#include <algorithm>
#include <stdexcept>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

#include "semaphore_word.hpp"

namespace weft::detail {

namespace {

using permits = semaphore_word<real_env>;

[[noreturn]] void throw_beyond_max() {
  throw std::logic_error("weft::counting_semaphore: release() beyond max(); release what was acquired, once");
}

}  // namespace

bool semaphore_core::try_acquire() noexcept {
  scheduling_point();
  return permits::try_take(word_);
}

bool semaphore_core::acquire_until(deadline until) {
  cancellation_point();
  if (permits::try_take(word_)) return true;
  wait_node node;
  {
    internal_guard held(waiters_.lock);
    if (permits::take_or_queue(word_) == permits::got::permit) return true;
    waiters_.enqueue(node);
  }
  const wake_reason reason = park(node.token, until, "semaphore");
  if (reason == wake_reason::ready) return true;
  waiters_.leave(node);
  if (reason == wake_reason::cancelled) throw_cancelled();
  return false;
}

void semaphore_core::release(std::ptrdiff_t n, std::ptrdiff_t max) {
  if (!is_anything_simulated()) [[likely]]
    return release_now(n, max);
  const scheduling_points around;
  release_now(n, max);
}

void semaphore_core::release_now(std::ptrdiff_t n, std::ptrdiff_t max) {
  if (n < 0) throw std::logic_error("weft::counting_semaphore: release() of less than nothing");
  permits::put outcome = permits::try_put(word_, n, max);
  if (outcome == permits::put::queued && n > 0) {
    won_chain woken;
    internal_guard held(waiters_.lock);
    outcome = permits::try_put(word_, n, max);
    if (outcome == permits::put::queued) {
      const auto most = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(n, wait_queue::k_all));
      const std::ptrdiff_t handed = waiters_.claim(most, woken);
      if (waiters_.empty()) permits::put_rest(word_, n - handed);
    }
  }  // unlocks, then unparks: the guard ends before the chain
  if (outcome == permits::put::beyond_max) throw_beyond_max();
}

}  // namespace weft::detail
