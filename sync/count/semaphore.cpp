// Room: sync. See semaphore.hpp. Who waits, and how a permit comes to them; "Permits" in numbered steps stands in
// semaphore_word.hpp.

#include <weft/sync/semaphore.hpp>

#include <stdexcept>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

#include "semaphore_word.hpp"

namespace weft::detail {

namespace {

using permits = semaphore_word<real_env>;

struct needing_node : wait_node {
  explicit needing_node(std::ptrdiff_t n) noexcept : needs(n) {}
  const std::ptrdiff_t needs;
};

[[noreturn]] void throw_beyond_max() {
  throw std::logic_error("weft::counting_semaphore: release() beyond max(); release what was acquired, once");
}

}  // namespace

void semaphore_core::check_can_be_had(std::ptrdiff_t n, std::ptrdiff_t max) {
  if (n < 0) throw std::logic_error("weft::counting_semaphore: acquire() of less than nothing");
  if (n > max) throw std::logic_error("weft::counting_semaphore: acquire() of more than max(): they are never there");
}

bool semaphore_core::try_acquire(std::ptrdiff_t n) noexcept {
  scheduling_point();
  return n == 0 || permits::try_take(word_, n);
}

bool semaphore_core::acquire_until(deadline until, std::ptrdiff_t n) {
  cancellation_point();
  if (n == 0 || permits::try_take(word_, n)) return true;
  needing_node node(n);
  {
    internal_guard held(waiters_.lock);
    if (permits::take_or_queue(word_, n) == permits::got::permits) return true;
    waiters_.enqueue(node);
  }
  const wake_reason reason = park(node.token, until, "semaphore");
  if (reason == wake_reason::ready) return true;
  leave(node);
  if (reason == wake_reason::cancelled) throw_cancelled();
  return false;
}

// P5.
void semaphore_core::leave(wait_node& node) noexcept {
  won_chain woken;
  claimed destructor;
  {
    internal_guard held(waiters_.lock);
    destructor = waiters_.dequeue(node);
    const std::ptrdiff_t lying = permits::lying(word_);
    if (lying >= 0) hand_out(lying, woken);
  }
  if (destructor) unpark(destructor);
}

// R3, R4.
void semaphore_core::hand_out(std::ptrdiff_t n, won_chain& woken) noexcept {
  while (const wait_node* const front = waiters_.front()) {
    const std::ptrdiff_t needs = static_cast<const needing_node*>(front)->needs;
    if (needs > n) break;
    if (waiters_.claim_front(woken)) n -= needs;
  }
  permits::put_rest(word_, n, !waiters_.empty());
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
      const std::ptrdiff_t lying = permits::lying(word_);
      if (n <= max - lying)
        hand_out(lying + n, woken);
      else
        outcome = permits::put::beyond_max;
    }
  }  // unlocks, then unparks: the guard ends before the chain
  if (outcome == permits::put::beyond_max) throw_beyond_max();
}

}  // namespace weft::detail
