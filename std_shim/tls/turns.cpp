// Room: tls. See turns.hpp: "Turns" and "News".

#include "turns.hpp"

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/park.hpp>

namespace weft::tls::detail {

using weft::detail::cancellation;
using weft::detail::internal_guard;
using weft::detail::wait_node;
using weft::detail::wake_reason;
using weft::detail::won_chain;

namespace {

std::error_code too_late() noexcept { return std::make_error_code(std::errc::timed_out); }
std::error_code closed_before() noexcept { return std::make_error_code(std::errc::bad_file_descriptor); }
std::error_code closed_meanwhile() noexcept { return std::make_error_code(std::errc::operation_canceled); }

bool is_past(deadline until) noexcept { return !until.is_never() && until <= weft::detail::now(); }

constexpr const char* k_labels[] = {"tls turn to read", "tls turn to write"};

}  // namespace

// T1.
turns::answer turns::ask(way w, wait_node& node, deadline& until, bool is_first) noexcept {
  const internal_guard guard(lock_);
  auto& mine = at(w);
  if (is_closed_) return answer::closed;
  if (is_past(mine.until)) {
    mine.queue.remove(node);
    return answer::late;
  }
  if (!mine.is_held) {
    mine.is_held = true;
    return answer::mine;
  }
  node.token = weft::detail::arm(cancellation::honoured);
  until = mine.until;
  if (is_first)
    mine.queue.push_back(node);
  else if (!node.queued)
    mine.queue.push_front(node);  // who gave the turn back could not win us any more
  return answer::queued;
}

std::error_code turns::take(way w) {
  weft::detail::cancellation_point();
  wait_node node;
  deadline until;
  for (bool is_first = true;; is_first = false) {
    switch (ask(w, node, until, is_first)) {
      case answer::mine: return {};
      case answer::closed: return is_first ? closed_before() : closed_meanwhile();
      case answer::late: return too_late();
      case answer::queued: break;
    }
    switch (weft::detail::park(node.token, until, k_labels[static_cast<int>(w)])) {
      case wake_reason::handed: {
        const auto ec = standing(w);
        if (ec) give_back(w);
        return ec;
      }
      case wake_reason::closed: return closed_meanwhile();
      case wake_reason::cancelled: leave_queue(w, node); weft::detail::throw_cancelled();
      default: break;  // timed out
    }
  }
}

void turns::leave_queue(way w, wait_node& node) noexcept {
  const internal_guard guard(lock_);
  at(w).queue.remove(node);
}

bool turns::try_take(way w) noexcept {
  const internal_guard guard(lock_);
  if (is_closed_ || at(w).is_held) return false;
  return at(w).is_held = true;
}

void turns::give_back(way w) noexcept {
  won_chain woken;
  const internal_guard guard(lock_);
  weft::detail::claimed won;
  if (wait_node* const next = at(w).queue.claim_front(wake_reason::handed, won))
    woken.add(*next, won);
  else
    at(w).is_held = false;
  if (w == way::read) note_news(woken);
}

std::error_code turns::standing(way w) noexcept {
  const internal_guard guard(lock_);
  if (is_closed_) return closed_meanwhile();
  return is_past(at(w).until) ? too_late() : std::error_code();
}

std::error_code turns::set_deadline(way w, deadline until) noexcept {
  won_chain woken;
  const internal_guard guard(lock_);
  if (is_closed_) return closed_before();
  at(w).until = until;
  if (w == way::write) woken.take_all(for_news_, wake_reason::again);
  return {};
}

turns::closing turns::close() noexcept {
  won_chain woken;
  const internal_guard guard(lock_);
  if (is_closed_) return closing::closed_before;
  is_closed_ = true;
  for (auto& each : sides_) woken.take_all(each.queue, wake_reason::closed);
  woken.take_all(for_news_, wake_reason::closed);
  if (at(way::write).is_held) return closing::closed;
  at(way::write).is_held = true;
  return closing::closed_and_writes;
}

bool turns::is_open() noexcept {
  const internal_guard guard(lock_);
  return !is_closed_;
}

// --- "News".

std::uint64_t turns::news() noexcept {
  const internal_guard guard(lock_);
  return news_;
}

void turns::tell_news() noexcept {
  won_chain woken;
  const internal_guard guard(lock_);
  note_news(woken);
}

void turns::note_news(won_chain& woken) noexcept {
  ++news_;
  woken.take_all(for_news_, wake_reason::ready);
}

void turns::leave_news(wait_node& node) noexcept {
  const internal_guard guard(lock_);
  for_news_.remove(node);
}

std::error_code turns::await_news(std::uint64_t seen) {
  wait_node node;
  deadline until;
  {
    const internal_guard guard(lock_);
    if (is_closed_) return closed_meanwhile();
    if (is_past(at(way::write).until)) return too_late();
    if (news_ != seen) return {};
    node.token = weft::detail::arm(cancellation::honoured);
    until = at(way::write).until;
    for_news_.push_back(node);
  }
  const wake_reason why = weft::detail::park(node.token, until, "tls write, for the peer's next message");
  if (why == wake_reason::timed_out || why == wake_reason::cancelled) leave_news(node);
  if (why == wake_reason::cancelled) weft::detail::throw_cancelled();
  return standing(way::write);
}

}  // namespace weft::tls::detail
