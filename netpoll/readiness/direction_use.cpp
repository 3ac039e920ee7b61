// Room: netpoll. See direction_use.hpp.

#include "direction_use.hpp"

#include <algorithm>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>

#include "closed.hpp"
#include "descriptor_poller.hpp"
#include "leaving.hpp"
#include "waiting_count.hpp"

namespace weft::net::detail {

using weft::detail::wake_reason;

constinit waiting_count waiting_for_readiness;

namespace {

waiter_id id_of(weft::detail::wait_token token) noexcept {
  return {reinterpret_cast<std::uintptr_t>(token.who), token.generation};
}

}  // namespace

weft::detail::claimed claim_waiter(waiter_id id, wake_reason reason) noexcept {
  if (id.who == 0) return {};
  auto* const who = reinterpret_cast<weft::detail::waiter*>(static_cast<std::uintptr_t>(id.who));
  return weft::detail::claim({who, id.generation}, reason);
}

// --- descriptor_use.

descriptor_use::descriptor_use(const descriptor& of) noexcept : block_(of.block()) {
  if (block_ != nullptr && !block_->use.enter()) block_ = nullptr;
}

descriptor_use::~descriptor_use() {
  if (block_ != nullptr) leave(*block_);
}

std::error_code descriptor_use::error() const noexcept {
  return block_ != nullptr ? std::error_code() : closed_before();
}

// relaxed: written before the handle was made, and not again while there are users.
int descriptor_use::fd() const noexcept { return block_->fd.load(std::memory_order_relaxed); }

// --- direction_use.

direction_use::direction_use(const descriptor& of, direction d, const char* call, weft::detail::wait_label label)
    : block_(of.block()), direction_(d), label_(label) {
  weft::detail::require_poller(call);
  weft::detail::cancellation_point();
  error_ = enter();
  if (error_) block_ = nullptr;
}

direction_use::~direction_use() {
  if (block_ != nullptr) leave_direction();
}

int direction_use::fd() const noexcept { return block_->fd.load(std::memory_order_relaxed); }  // relaxed: as above

std::error_code direction_use::enter() {
  if (block_ == nullptr) return closed_before();
  ready_ = &block_->readiness_of(direction_);
  switch (block_->use.enter(direction_)) {
    case users::entered::closed: return closed_before();
    case users::entered::must_queue:
      if (auto ec = wait_for_turn()) return ec;
      break;
    case users::entered::holding: break;
  }
  std::error_code ec = past_deadline();
  if (!ec && readiness::is_closing(ready_->prepare()) && !block_->use.is_closed()) ec = closed_before();  // no poller
  if (ec) leave_direction();
  return ec;
}

// "Taking turns", L1.
void direction_use::leave_direction() noexcept {
  switch (block_->use.leave(direction_)) {
    case users::parting::nothing: break;
    case users::parting::hand_over: hand_over(); break;
    case users::parting::close_descriptor: close_and_leave(*block_); break;
  }
}

// "Taking turns", Q2.
std::error_code direction_use::wait_for_turn() {
  weft::detail::wait_node node;
  for (;;) {
    if (auto ec = past_deadline()) return leave(*block_), ec;
    auto entered = users::entered::closed;
    {
      const weft::detail::internal_guard guard(block_->queue_lock);
      entered = block_->use.try_hold(direction_);
      if (entered == users::entered::must_queue) {
        node.token = weft::detail::arm(weft::detail::cancellation::honoured);
        block_->queue_of(direction_).push_back(node);
      }
    }
    if (entered == users::entered::holding) return {};
    if (entered == users::entered::closed) return leave(*block_), closed_meanwhile();
    const auto until = deadline::from_nanoseconds(ready_->deadline());
    const wake_reason reason = weft::detail::park(node.token, until, label_);
    if (reason == wake_reason::handed) return {};
    if (reason == wake_reason::timed_out || reason == wake_reason::cancelled) leave_queue(node);
    if (reason == wake_reason::closed) return leave(*block_), closed_meanwhile();
    if (reason == wake_reason::cancelled) {
      leave(*block_);
      weft::detail::throw_cancelled();
    }
  }
}

// Nobody of ours has won the node, so that it may still be queued; a waker has taken off what it has won.
void direction_use::leave_queue(weft::detail::wait_node& node) noexcept {
  const weft::detail::internal_guard guard(block_->queue_lock);
  block_->queue_of(direction_).remove(node);
}

// "Taking turns", L2 and L3.
void direction_use::hand_over() noexcept {
  weft::detail::claimed won;
  {
    const weft::detail::internal_guard guard(block_->queue_lock);
    if (block_->queue_of(direction_).claim_front(wake_reason::handed, won) == nullptr) block_->use.disown(direction_);
  }
  if (won) weft::detail::unpark(won);
  leave(*block_);
}

std::error_code direction_use::past_deadline() const noexcept {
  const auto until = deadline::from_nanoseconds(ready_->deadline());
  if (until.is_never() || until > weft::detail::now()) return {};
  return std::make_error_code(std::errc::timed_out);
}

std::error_code direction_use::await_ready() {
  for (;;) {
    seen_ = ready_->prepare();
    if (readiness::is_closing(seen_)) return closed_meanwhile();
    if (readiness::is_ready(seen_)) return {};
    if (!is_watched()) return pause(late_.next(), label_);  // then the call is worth trying: nobody else would tell
    if (auto ec = wait_for_event()) return ec;
  }
}

// "Late": a descriptor that could not be watched when it was made has no home. Who would wait for it
//   A1 has it watched, under the queue lock, unless another call did so meanwhile; both directions come with it, and an
//      event that is already there is told at once
//   A2 cannot: pauses (longer each time), and makes its call without an event
// So a shortage slows down this connection's own calls, and nobody else's.
bool direction_use::is_watched() try {
  // acquire: the home is there when it is watched; pairs with descriptor_poller::add.
  if (block_->home.load(std::memory_order_acquire) != nullptr) return true;
  descriptor_poller& mine = descriptor_poller::of_this_runtime();
  const weft::detail::internal_guard guard(block_->queue_lock);
  // relaxed: written under this lock.
  return block_->home.load(std::memory_order_relaxed) != nullptr || !mine.add(*block_);
} catch (const std::system_error&) {  // this runtime had no poller yet, and cannot have one now
  return false;
}

std::error_code direction_use::pause(std::chrono::milliseconds length, weft::detail::wait_label label) {
  const auto over = deadline::after(weft::detail::now(), length);
  // A deadline that is moved meanwhile is found when the pause is over, which is soon.
  descriptor_shortage.pause(*block_, std::min(over, deadline::from_nanoseconds(ready_->deadline())), label);
  return block_->use.is_closed() ? closed_meanwhile() : past_deadline();
}

// "Readiness", U4 to U6. No error: look again.
std::error_code direction_use::wait_for_event() {
  const weft::detail::wait_token token = weft::detail::arm(weft::detail::cancellation::honoured);
  auto reason = wake_reason::again;
  if (ready_->begin_wait(id_of(token)) == readiness::begun::waiting) {
    waiting_for_readiness.add(block_->index());
    reason = weft::detail::park(token, deadline::from_nanoseconds(ready_->deadline()), label_);
    waiting_for_readiness.subtract(block_->index());
    ready_->end_wait();
  } else if (!weft::detail::disarm(token)) {
    reason = weft::detail::park(token, deadline::never(), label_);
  }
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
  return reason == wake_reason::timed_out ? past_deadline() : std::error_code();
}

}  // namespace weft::net::detail
