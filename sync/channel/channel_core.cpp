// Room: sync. See detail/channel_core.hpp, "Handing over". Next: select.cpp.

#include <weft/sync/detail/channel_core.hpp>

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft {

const char* to_string(channel_status status) noexcept {
  switch (status) {
    case channel_status::ok: return "ok";
    case channel_status::empty: return "empty";
    case channel_status::full: return "full";
    case channel_status::closed: return "closed";
    case channel_status::timeout: return "timeout";
  }
  return "?";
}

namespace detail {

namespace {

std::byte* make_ring(const element_ops& ops, std::size_t capacity) {
  if (capacity == 0) return nullptr;
  if (capacity > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / ops.size)
    throw std::length_error("weft::channel: a capacity of " + std::to_string(capacity) + " elements cannot be");
  return static_cast<std::byte*>(::operator new(capacity* ops.size, std::align_val_t(ops.alignment)));
}

// Sizes that a register holds are worth a branch: a call of memcpy costs as much as the rest of a send.
void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
  switch (size) {
    case 1: std::memcpy(to, from, 1); return;
    case 4: std::memcpy(to, from, 4); return;
    case 8: std::memcpy(to, from, 8); return;
    case 16: std::memcpy(to, from, 16); return;
    default: std::memcpy(to, from, size);
  }
}

template <std::size_t Bytes>
void construct(const element_ops& ops, void* to, void* from) noexcept {
  if constexpr (Bytes != 0)
    std::memcpy(to, from, Bytes);
  else
    ops.construct != nullptr ? ops.construct(to, from) : copy_bytes(to, from, ops.size);
}

template <std::size_t Bytes>
void relocate(const element_ops& ops, void* to, void* from) noexcept {
  if constexpr (Bytes != 0)
    std::memcpy(to, from, Bytes);
  else
    ops.relocate != nullptr ? ops.relocate(to, from) : copy_bytes(to, from, ops.size);
}

constexpr wait_label label_of(direction way) noexcept {
  return way == direction::send ? "channel send" : "channel receive";
}

constexpr direction opposite(direction way) noexcept {
  return way == direction::send ? direction::receive : direction::send;
}

constexpr bool would_wait(channel_status status) noexcept {
  return status == channel_status::empty || status == channel_status::full;
}

}  // namespace

channel_core::channel_core(const element_ops& ops, std::size_t capacity)
    : ops_(ops), capacity_(capacity), ring_(make_ring(ops, capacity)) {}

// The last handle is gone, so nobody else is here.
channel_core::~channel_core() WEFT_NO_THREAD_SAFETY_ANALYSIS {
  if (ring_ == nullptr) return;
  if (ops_.destroy != nullptr) {
    for (; size_ > 0; --size_) {
      ops_.destroy(slot_of<0>(front_));
      front_ = front_ + 1 == capacity_ ? 0 : front_ + 1;
    }
  }
  ::operator delete(ring_, std::align_val_t(ops_.alignment));
}

// What every send and receive runs is inlined into the two of them: a call costs as much as the step behind it.
#define WEFT_INLINED [[gnu::always_inline]] inline

WEFT_INLINED channel_waiter* channel_core::claim(direction way, wake_reason reason, claimed& won) noexcept {
  if (waiters(way).empty()) [[likely]]
    return nullptr;
  auto* const node = static_cast<channel_waiter*>(waiters(way).claim_front(reason, won));
  if (node != nullptr && node->winner != nullptr) *node->winner = node;
  return node;
}

template <std::size_t Bytes>
WEFT_INLINED void* channel_core::slot_of(std::size_t place) const noexcept {
  return ring_ + place * (Bytes != 0 ? Bytes : ops_.size);
}

template <std::size_t Bytes>
WEFT_INLINED void channel_core::put_back(void* from) noexcept {
  std::size_t place = front_ + size_;
  if (place >= capacity_) place -= capacity_;
  construct<Bytes>(ops_, slot_of<Bytes>(place), from);
  ++size_;
}

template <std::size_t Bytes>
WEFT_INLINED void channel_core::take_front(void* to) noexcept {
  relocate<Bytes>(ops_, to, slot_of<Bytes>(front_));
  front_ = front_ + 1 == capacity_ ? 0 : front_ + 1;
  --size_;
}

WEFT_INLINED attempt channel_core::attempt_send(void* slot) noexcept {
  if (closed_) return {channel_status::closed};
  claimed won;
  if (channel_waiter* const receiver = claim(direction::receive, wake_reason::ready, won))
    return {channel_status::ok, won, receiver->slot, slot};
  if (size_ == capacity_) return {channel_status::full};
  put_back<0>(slot);
  return {channel_status::ok};
}

WEFT_INLINED attempt channel_core::attempt_receive(void* slot) noexcept {
  claimed won;
  if (size_ > 0) {
    take_front<0>(slot);
    if (channel_waiter* const sender = claim(direction::send, wake_reason::ready, won)) put_back<0>(sender->slot);
    return {channel_status::ok, won};
  }
  if (channel_waiter* const sender = claim(direction::send, wake_reason::ready, won))
    return {channel_status::ok, won, slot, sender->slot};
  return {closed_ ? channel_status::closed : channel_status::empty};
}

WEFT_INLINED attempt channel_core::attempt_either(direction way, void* slot) noexcept {
  return way == direction::send ? attempt_send(slot) : attempt_receive(slot);
}

WEFT_INLINED void channel_core::hand_over(const attempt& done) const noexcept {
  if (done.to != nullptr) construct<0>(ops_, done.to, done.from);
  if (done.won) unpark(done.won);
}

#undef WEFT_INLINED

attempt channel_core::attempt_locked(direction way, void* slot) noexcept { return attempt_either(way, slot); }

void channel_core::finish(const attempt& done) const noexcept { hand_over(done); }

// Ahead of all else what is so most of the time with a ring: nobody waits on the other side, and there is room.
template <std::size_t Bytes>
channel_status channel_core::send(void* slot, deadline until) {
  waiter& self = cancellable_self();
  lock_.lock();
  if (size_ == capacity_ || !receivers_.empty() || closed_)
    return hand_over_or_wait<direction::send, Bytes>(self, slot, until);
  put_back<Bytes>(slot);
  lock_.unlock();
  scheduling_point();
  return channel_status::ok;
}

template <std::size_t Bytes>
channel_status channel_core::receive(void* slot, deadline until) {
  waiter& self = cancellable_self();
  lock_.lock();
  if (size_ == 0 || !senders_.empty()) return hand_over_or_wait<direction::receive, Bytes>(self, slot, until);
  take_front<Bytes>(slot);
  lock_.unlock();
  scheduling_point();
  return channel_status::ok;
}

// And what is so without one: somebody waits, or this one has to.
template <direction Way, std::size_t Bytes>
channel_status channel_core::hand_over_or_wait(waiter& self, void* slot, deadline until) {
  if (size_ != 0 || closed_) return run_locked<Way>(self, slot, until);
  claimed won;
  channel_waiter* const partner = claim(opposite(Way), wake_reason::ready, won);
  if (partner == nullptr) {
    const bool has_room = Way == direction::send && capacity_ != 0;
    return has_room ? run_locked<Way>(self, slot, until) : wait<Way>(self, slot, until);
  }
  lock_.unlock();
  if constexpr (Way == direction::send)
    construct<Bytes>(ops_, partner->slot, slot);
  else
    construct<Bytes>(ops_, slot, partner->slot);
  unpark(won, self);
  scheduling_point();
  return channel_status::ok;
}

// Whatever is so.
template <direction Way>
channel_status channel_core::run_locked(waiter& self, void* slot, deadline until) {
  const attempt first = attempt_either(Way, slot);
  if (would_wait(first.status)) return wait<Way>(self, slot, until);
  lock_.unlock();
  hand_over(first);
  scheduling_point();
  if (first.status == channel_status::closed) cancellation_point(self);  // "Ending together", cancellation.hpp
  return first.status;
}

template <direction Way>
channel_status channel_core::wait(waiter& self, void* slot, deadline until) {
  channel_waiter node;
  node.slot = slot;
  node.token = arm(self, cancellation::honoured);
  waiters(Way).push_back(node);
  lock_.unlock();
  switch (park(node.token, until, label_of(Way))) {
    case wake_reason::ready: return channel_status::ok;
    case wake_reason::closed: cancellation_point(self); return channel_status::closed;  // "Ending together"
    case wake_reason::cancelled: dequeue(Way, node); throw_cancelled();
    default: dequeue(Way, node); return channel_status::timeout;
  }
}

// What channel.hpp calls.
#define WEFT_INSTANTIATE(Bytes)                                       \
  template channel_status channel_core::send<Bytes>(void*, deadline); \
  template channel_status channel_core::receive<Bytes>(void*, deadline)
WEFT_INSTANTIATE(0);
WEFT_INSTANTIATE(1);
WEFT_INSTANTIATE(4);
WEFT_INSTANTIATE(8);
WEFT_INSTANTIATE(16);
#undef WEFT_INSTANTIATE

channel_status channel_core::try_run(direction way, void* slot) noexcept {
  const scheduling_points around;
  lock_.lock();
  const attempt only = attempt_either(way, slot);
  lock_.unlock();
  hand_over(only);
  return only.status;
}

bool channel_core::close() noexcept {
  const scheduling_points around;
  won_chain woken;
  internal_guard held(lock_);
  if (closed_) return false;
  closed_ = true;
  claimed won;
  for (const direction way : {direction::receive, direction::send})
    while (channel_waiter* const node = claim(way, wake_reason::closed, won)) woken.add(*node, won);
  return true;
}  // unlocks, then unparks: the guard ends before the chain

std::size_t channel_core::size() const noexcept {
  internal_guard held(lock_);
  return size_;
}

bool channel_core::holds(const void* element) const noexcept {
  internal_guard held(lock_);
  for (std::size_t i = 0; i < size_; ++i)
    if (std::memcmp(slot_of<0>((front_ + i) % capacity_), element, ops_.size) == 0) return true;
  return false;
}

void channel_core::dequeue(direction way, channel_waiter& node) noexcept {
  internal_guard held(lock_);
  waiters(way).remove(node);
}

void throw_sent_on_closed() { throw channel_closed("weft::channel: send on a closed channel"); }
void throw_closed_twice() { throw channel_closed("weft::channel: closed twice"); }
void throw_nil_channel(const char* call) {
  throw std::logic_error(std::string("weft::channel: ") + call + " on a channel that is null or moved from");
}

}  // namespace detail

}  // namespace weft
