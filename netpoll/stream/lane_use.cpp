// Room: netpoll. See lane_use.hpp. The steps are those of "Lending", byte_lane.cpp.

#include "closed.hpp"
#include "lane_use.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/runtime/park.hpp>

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wait_label;
using weft::detail::wake_reason;
using weft::detail::won_chain;

namespace {

std::error_code too_late() noexcept { return std::make_error_code(std::errc::timed_out); }

bool is_past(deadline until) noexcept { return !until.is_never() && until <= weft::detail::now(); }

}  // namespace

lane_use::lane_use(byte_lane* lane, direction end, wait_label label) : lane_(lane), end_(end), label_(label) {
  weft::detail::cancellation_point();
  error_ = enter();
}

// T2.
lane_use::~lane_use() {
  if (lane_ == nullptr) return;
  leave();
  weft::detail::scheduling_point();
}

void lane_use::leave() noexcept {
  bool is_last = false;
  {
    won_chain woken;
    const internal_guard guard(lane_->lock_);
    lane_->take_back(end_, moved_, woken);
    lane_->hand_over(end_, woken);
    is_last = lane_->leave();
  }
  if (is_last) delete lane_;
  lane_ = nullptr;
}

// A user without the turn.
void lane_use::drop() noexcept {
  lane_->abandon();
  lane_ = nullptr;
}

// T1.
std::error_code lane_use::enter() {
  if (lane_ == nullptr) return closed_before();
  switch (ask_for_turn(true)) {
    case answer::mine: return {};
    case answer::closed: lane_ = nullptr; return closed_before();
    case answer::late: lane_ = nullptr; return too_late();
    case answer::queued: return wait_for_turn();
  }
  return {};
}

// Once it has been queued it is a user, and comes back by an old deadline.
lane_use::answer lane_use::ask_for_turn(bool is_first) noexcept {
  const internal_guard guard(lane_->lock_);
  auto& mine = lane_->at(end_);
  if (mine.is_closed) return answer::closed;
  if (is_past(mine.until)) {
    mine.turns.remove(node_);
    return answer::late;
  }
  if (is_first) ++lane_->users_;
  if (!mine.is_held) {
    mine.is_held = true;
    if (!lane_->has_ended(end_)) part_ = lane_->lend(end_);
    return answer::mine;
  }
  node_.token = weft::detail::arm(weft::detail::cancellation::honoured);
  until_ = mine.until;
  if (is_first)
    mine.turns.push_back(node_);
  else if (!node_.queued)
    mine.turns.push_front(node_);  // who left could not win us any more, and gave our turn to the next
  return answer::queued;
}

std::error_code lane_use::wait_for_turn() {
  for (;;) {
    switch (weft::detail::park(node_.token, until_, label_)) {
      case wake_reason::handed:
        if (!is_past(deadline_of_end())) return {};
        return leave(), too_late();
      case wake_reason::closed: return drop(), closed_meanwhile();
      case wake_reason::cancelled:
        static_cast<void>(take_off(&byte_lane::lane_end::turns));
        drop();
        weft::detail::throw_cancelled();
      default: break;  // timed out
    }
    switch (ask_for_turn(false)) {
      case answer::mine: return {};
      case answer::closed: return drop(), closed_meanwhile();
      case answer::late: return drop(), too_late();
      case answer::queued: break;
    }
  }
}

bool lane_use::await(std::size_t left, std::error_code& ec) {
  while (part_.size == 0) {
    switch (look(left)) {
      case outlook::closed: ec = closed_meanwhile(); return false;
      case outlook::ended:
        if (end_ == direction::write) ec = std::make_error_code(std::errc::broken_pipe);
        return false;
      case outlook::enqueued:
        if ((ec = wait())) return false;
        break;
      case outlook::lent: break;
    }
  }
  return true;
}

// B3 of what was moved before, B1, B2.
lane_use::outlook lane_use::look(std::size_t left) noexcept {
  won_chain woken;
  const internal_guard guard(lane_->lock_);
  lane_->take_back(end_, std::exchange(moved_, 0), woken);
  auto& mine = lane_->at(end_);
  if (mine.is_closed) return outlook::closed;
  if (lane_->has_ended(end_)) return outlook::ended;
  part_ = lane_->lend(end_);
  if (part_.size != 0) return outlook::lent;
  if (end_ == direction::write) lane_->room_wanted_ = std::min(left, (lane_->capacity_ + 1) / 2);
  node_.token = weft::detail::arm(weft::detail::cancellation::honoured);
  until_ = mine.until;
  mine.waiting.push_back(node_);
  return outlook::enqueued;
}

// B2. No error: look again.
std::error_code lane_use::wait() {
  const wake_reason reason = weft::detail::park(node_.token, until_, label_);
  if (reason != wake_reason::timed_out && reason != wake_reason::cancelled) return {};
  const deadline until = take_off(&byte_lane::lane_end::waiting);
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
  return is_past(until) ? too_late() : std::error_code();
}

// Nobody has won the node, so that it may still be queued; a waker takes off what it has won. Returns this end's
// deadline.
deadline lane_use::take_off(weft::detail::wait_list byte_lane::lane_end::*list) noexcept {
  const internal_guard guard(lane_->lock_);
  auto& mine = lane_->at(end_);
  (mine.*list).remove(node_);
  return mine.until;
}

deadline lane_use::deadline_of_end() noexcept {
  const internal_guard guard(lane_->lock_);
  return lane_->at(end_).until;
}

// The ring's end may lie within what is lent. While it is lent the other end may do as it likes.
template <class CopyPiece>
std::size_t lane_use::copy(std::size_t wanted, CopyPiece copy_piece) noexcept {
  weft::detail::scheduling_point();
  std::size_t done = 0;
  while (done < wanted && part_.size != 0) {
    const std::size_t until_end = lane_->capacity_ - part_.begin;
    const std::size_t size = std::min({wanted - done, part_.size, until_end});
    copy_piece(lane_->ring_.get() + part_.begin, done, size);
    part_ = {size < until_end ? part_.begin + size : 0, part_.size - size};
    done += size;
  }
  moved_ += done;
  return done;
}

std::size_t lane_use::read(std::span<std::byte> to) noexcept {
  return copy(to.size(),
              [&](std::byte* ring, std::size_t done, std::size_t size) { std::memcpy(to.data() + done, ring, size); });
}

std::size_t lane_use::write(std::span<const std::byte> from) noexcept {
  return copy(from.size(), [&](std::byte* ring, std::size_t done, std::size_t size) {
    std::memcpy(ring, from.data() + done, size);
  });
}

}  // namespace weft::net::detail
