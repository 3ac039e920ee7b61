// Room: sync. See detail/future_core.hpp.
//
// "Fulfilling", both sides:
//   waiter                                            provider
//   W1 ready: go on, without the lock                 F1 pending -> being_set (one CAS); it was not pending:
//   W2 deferred -> being_set (one CAS): run the          promise_already_satisfied
//      function, then F3                              F2 make the value, under no lock; it throws: back to pending
//   W3 lock; ready: unlock, go on                     F3 lock; ready; claim every waiter; unlock; unpark them
//   W4 enqueue, unlock, park                          F4 the provider goes: pending: F1 to F3 with broken_promise;
//   W5 not woken: leave                                  otherwise pass through the lock
// - F1 lets one provider in, F3 makes it ready under the lock under which waiters enqueue (W3): nobody is forgotten,
//   and nobody sees half a value.
// - The unlock in F3 is the last that a setter does to the state, and after reading its own handle once it does nothing
//   to the promise. A waiter that returned by W1 may be ahead of that unlock, and may destroy the promise (and, with
//   the futures, the state): F4 therefore passes through the lock before the promise lets go of the state.
// - F3 may come as late as the end of the fiber (publish_at_end): being_set until then, satisfied and not ready. Who
//   goes meanwhile by F4 breaks nothing.
// - Waiters hold the state by their handles, so nobody who leaves in W5 finds it gone.

#include <weft/sync/detail/future_core.hpp>

#include <system_error>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/at_end.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft::detail {

bool is_cancelled(const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

void throw_future_error(std::future_errc what) { throw std::future_error(what); }

future_core::~future_core() = default;

bool future_core::move_on(fate from, fate to) noexcept {
  // acquire: sees what a setter before this one took back; pairs with take_back(). What is made here is released by
  // publish().
  if (!fate_.compare_exchange_strong(from, to, std::memory_order_acquire, std::memory_order_relaxed)) return false;
  // relaxed: who asks whether it is he has written it himself.
  provider_.store(&this_waiter(), std::memory_order_relaxed);
  return true;
}

void future_core::begin_setting() {
  scheduling_point();
  if (!move_on(fate::pending, fate::being_set)) throw_future_error(std::future_errc::promise_already_satisfied);
}

void future_core::take_back() noexcept {
  failure_ = nullptr;
  is_broken_ = false;
  // release: the places of value and failure are free again; pairs with move_on().
  fate_.store(fate::pending, std::memory_order_release);
}

void future_core::fail(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }

void future_core::break_promise() noexcept {
  is_broken_ = true;
  failure_ = std::make_exception_ptr(std::future_error(std::future_errc::broken_promise));
}

void future_core::publish() noexcept {
  make_ready();
  scheduling_point();
}

void future_core::make_ready() noexcept {
  won_chain woken;
  internal_guard held(waiters_.lock);
  // release: publishes the value or the failure; pairs with is().
  fate_.store(fate::ready, std::memory_order_release);
  waiters_.claim(wait_queue::k_all, woken);
}  // unlocks, then unparks: the guard ends before the chain

void future_core::publish_at_end(const std::shared_ptr<future_core>& state) {
  using kept_state = std::shared_ptr<future_core>;
  auto kept = std::make_unique<kept_state>(state);
  call_at_end(
      [](void* argument) noexcept {
        const std::unique_ptr<kept_state> ending(static_cast<kept_state*>(argument));
        (*ending)->publish();
      },
      kept.get());
  static_cast<void>(kept.release());
}

void future_core::abandon() noexcept {
  scheduling_point();
  if (move_on(fate::pending, fate::being_set)) {
    break_promise();
    publish();
  } else {
    const internal_guard passed(waiters_.lock);
  }
}

void future_core::retrieve() {
  scheduling_point();
  // relaxed: one of two who ask is the first; nothing is handed over by it.
  if (retrieved_.exchange(true, std::memory_order_relaxed))
    throw_future_error(std::future_errc::future_already_retrieved);
}

// Who breaks a promise was asked to end, as a rule. A fiber that was asked together with it (at the end of their
// runtime, of their group) hears of its own end, and not of the other's.
void future_core::wait() {
  cancellation_point();
  if (!is_ready()) {
    if (move_on(fate::deferred, fate::being_set)) return run_deferred();
    refuse_to_wait_for_self();
    (void)wait_until_ready(deadline::never());
  }
  if (is_broken_) cancellation_point();
}

// An async call, a task or a deferred function that waits for its own result. A provider is gone only after F3, so that
// nobody is taken for one whose place he has.
void future_core::refuse_to_wait_for_self() const {
  // relaxed: written by the caller himself, if it is he.
  if (!is(fate::being_set) || provider_.load(std::memory_order_relaxed) != &this_waiter()) return;
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          "weft::future: waited for by the function that is to fulfil it, which would wait for itself");
}

std::future_status future_core::wait_until(deadline until) {
  cancellation_point();
  if (is_ready()) return std::future_status::ready;
  if (is(fate::deferred)) return std::future_status::deferred;
  return wait_until_ready(until) ? std::future_status::ready : std::future_status::timeout;
}

bool future_core::wait_until_ready(deadline until) {
  wait_node node;
  {
    internal_guard held(waiters_.lock);
    if (is_ready()) return true;
    waiters_.enqueue(node);
  }
  const wake_reason reason = park(node.token, until, "future");
  if (reason == wake_reason::ready) return true;
  waiters_.leave(node);
  if (reason == wake_reason::cancelled) throw_cancelled();
  return false;
}

}  // namespace weft::detail
