// std_shim, interpose. See lot.hpp.

#include "lot.hpp"

#include <chrono>
#include <new>

#include <pthread.h>

#include "barrier.hpp"
#include "courier.hpp"
#include "taking_off.hpp"

namespace weft::interpose {

constinit lot_place g_places[1u << k_place_bits]{};

namespace {

constexpr std::chrono::milliseconds k_nudge{10};

// N3 and N4 for those at a place whom `is_meant` names.
template <class IsMeant>
std::uint32_t wake_at(lot_place& at, std::uint32_t most, IsMeant is_meant) noexcept {
  won_waiters won;  // N4, when the lock is open again
  const detail::internal_guard held(at.lock);
  return take_off(at, won, most, is_meant);
}

void forget_parents_waiters() noexcept {
  for (lot_place& each : g_places) ::new (&each) lot_place;
  forget_barriers();
  forget_courier();
}

// A thread that is no more may have held a place's lock.
[[gnu::constructor]] void watch_forks() noexcept { (void)::pthread_atfork(nullptr, nullptr, &forget_parents_waiters); }

}  // namespace

lot_stay::lot_stay(const void* address, std::uint32_t bits) noexcept : at_(place_of(address)) {
  node_.address = address;
  node_.bits = bits;
  at_.inside.enter();
}

lot_stay::~lot_stay() {
  at_.inside.leave();
  set_error(error_);
}

void lot_stay::enqueue(detail::cancellation mode) noexcept {
  node_.token = detail::arm(mode);
  had_its_turn_ ? at_.waiters.push_front(node_) : at_.waiters.push_back(node_);
}

detail::wake_reason lot_stay::park(deadline until, const char* what) noexcept {
  const detail::wake_reason reason = detail::park(node_.token, until, what);
  had_its_turn_ = reason == detail::wake_reason::ready;
  if (had_its_turn_) return reason;
  const detail::internal_guard held(at_.lock);
  at_.waiters.remove(node_);
  return reason;
}

detail::wake_reason lot_stay::park_nudged(deadline until, const char* what) noexcept {
  const deadline nudge = deadline::after(detail::now(), k_nudge);
  const detail::wake_reason reason = park(until, what);
  if (reason != detail::wake_reason::cancelled) return reason;
  // What it misses from here to the queue it looks for itself, soon.
  (void)try_or_enqueue([] { return false; }, detail::cancellation::ignored);
  const detail::wake_reason then = park(nudge < until ? nudge : until, what);
  return then == detail::wake_reason::timed_out && nudge < until ? detail::wake_reason::again : then;
}

void lot_stay::turn_back() noexcept {
  {
    const detail::internal_guard held(at_.lock);
    at_.waiters.remove(node_);
  }
  // It was won by a wake that was for nobody in particular, or is asked to end: park meets it, and does not wait.
  if (!detail::disarm(node_.token)) (void)detail::park(node_.token, deadline::never(), "turning back");
}

std::uint32_t wake_from_lot(const void* address, std::uint32_t most, std::uint32_t bits) noexcept {
  return wake_at(place_of(address), most,
                 [address, bits](const lot_node& node) { return node.address == address && (node.bits & bits) != 0; });
}

void wake_all_from_lot() noexcept {
  for (lot_place& each : g_places)
    if (!each.inside.has_nobody_after_release()) (void)wake_at(each, UINT32_MAX, [](const lot_node&) { return true; });
}

}  // namespace weft::interpose
