// Room: sync. See condition_variable.hpp.
//
// "Notifying", both sides:
//   waiter, holding the mutex                         notifier
//   C1 under the queue's lock: enqueue                N1 nobody inside: done, without the lock
//   C2 unlock the mutex                               N2 under the lock: claim from the front
//   C3 park                                           N3 unlock, unpark
//   C4 not notified: leave ("Leaving", wait_queue.hpp)
//   C5 lock the mutex again
// - C1 comes before C2, so a notifier that has had the mutex since then sees the count at N1.
// - Claims decide: a waiter whose time ran out is passed over at N2, and the notification goes to the next.

#include <weft/sync/condition_variable.hpp>

#include <memory>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/at_end.hpp>

namespace weft {

namespace {

void check_owned(const std::unique_lock<mutex>& lock, const char* otherwise) {
  if (!lock.owns_lock()) throw std::system_error(std::make_error_code(std::errc::operation_not_permitted), otherwise);
}

}  // namespace

std::cv_status condition_variable::wait_until(std::unique_lock<mutex>& lock, deadline until) {
  detail::cancellation_point();
  check_owned(lock, "weft::condition_variable: waiting without the mutex");
  detail::wait_node node;
  {
    detail::internal_guard held(waiters_.lock);
    waiters_.enqueue(node);
  }
  lock.unlock();
  const detail::wake_reason reason = detail::park(node.token, until, "condition variable");
  if (reason != detail::wake_reason::ready) waiters_.leave(node);
  lock.lock();
  if (reason == detail::wake_reason::cancelled) detail::throw_cancelled();
  return reason == detail::wake_reason::timed_out ? std::cv_status::timeout : std::cv_status::no_timeout;
}

void condition_variable::notify(std::uint32_t most) noexcept {
  detail::won_chain woken;
  detail::internal_guard held(waiters_.lock);
  waiters_.claim(most, woken);
}  // unlocks, then unparks: the guard ends before the chain

void notify_all_at_thread_exit(condition_variable& notified, std::unique_lock<mutex> lock) {
  struct farewell {
    condition_variable& notified;
    std::unique_lock<mutex> lock;
  };
  check_owned(lock, "weft::notify_all_at_thread_exit: without the mutex");
  std::unique_ptr<farewell> kept(new farewell{notified, std::move(lock)});
  detail::call_at_end(
      [](void* argument) noexcept {
        const std::unique_ptr<farewell> ending(static_cast<farewell*>(argument));
        ending->notified.notify_all();
      },
      kept.get());
  static_cast<void>(kept.release());
}

}  // namespace weft
