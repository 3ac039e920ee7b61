// Room: netpoll. See foreign_table.hpp.

#include "foreign_table.hpp"

#include <array>
#include <memory>
#include <new>

#include "direction_use.hpp"
#include "epoll_calls.hpp"
#include "syscalls.hpp"
#include "waiting_count.hpp"

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wake_reason;

namespace {

constexpr std::size_t k_slots = 256;    // of a chunk
constexpr std::size_t k_chunks = 4096;  // numbers up to a million: the kernel's own limit, unless it was raised

using chunk = std::array<foreign_slot, k_slots>;
constinit std::array<std::atomic<chunk*>, k_chunks> g_chunks{};

constexpr direction k_both[] = {direction::read, direction::write};
constexpr std::size_t index_of(direction d) noexcept { return static_cast<std::size_t>(d); }

// Hang-ups and errors set both words, so any will do for who wants nothing else.
constexpr std::uint32_t k_outward = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
bool wants(const foreign_place& place, direction d) noexcept {
  const bool outward = (place.events & k_outward) != 0;
  const bool inward = (place.events & ~k_outward) != 0 || !outward;
  return d == direction::read ? inward : outward;
}

bool has_news(const foreign_record& record, const foreign_place& place) noexcept {
  for (const direction d : k_both)
    if (wants(place, d) && place.seen[index_of(d)] != record.events[index_of(d)]) return true;
  return false;
}

void fold(foreign_record& record) noexcept {
  for (const direction d : k_both) {
    readiness& word = record.block->readiness_of(d);
    const readiness::word seen = word.prepare();
    if (!readiness::is_ready(seen)) continue;
    word.clear(seen);  // false: an event came just now, and is folded by the next who looks
    ++record.events[index_of(d)];
  }
}

// M3. False: the word is ready, look again.
bool stand_in(foreign_record& record, direction d) noexcept {
  foreign_place*& standing = record.standing[index_of(d)];
  if (standing != nullptr) return true;
  foreign_place* first = record.head;
  while (first != nullptr && !wants(*first, d)) first = first->next;
  if (first == nullptr) return true;
  const waiter_id id{reinterpret_cast<std::uintptr_t>(first->token.who), first->token.generation};
  if (record.block->readiness_of(d).begin_wait(id) != readiness::begun::waiting) return false;
  standing = first;
  return true;
}

// M2.
void claim_who_has_news(foreign_record& record, foreign_woken& woken) noexcept {
  for (foreign_place* each = record.head; each != nullptr;) {
    foreign_place* const next = each->next;
    if (has_news(record, *each)) {
      take_off(record, *each);
      woken.claim(*each, wake_reason::again);
    }
    each = next;
  }
}

void unlink(foreign_slot& slot, foreign_record& record) noexcept {
  // relaxed, here and below: under the lock.
  foreign_record* before = slot.records.load(std::memory_order_relaxed);
  if (before == &record) {
    slot.records.store(record.next, std::memory_order_relaxed);  // relaxed: as above
    return;
  }
  while (before->next != &record) before = before->next;
  before->next = record.next;
}

}  // namespace

foreign_slot* slot_of_number(int fd, bool make) noexcept {
  if (fd < 0 || static_cast<std::size_t>(fd) >= k_slots * k_chunks) return nullptr;
  std::atomic<chunk*>& place = g_chunks[static_cast<std::size_t>(fd) / k_slots];
  // acquire: sees the slots made; pairs with the exchange below.
  chunk* there = place.load(std::memory_order_acquire);
  if (there == nullptr && make) {
    std::unique_ptr<chunk> made(new (std::nothrow) chunk);
    if (made == nullptr) return nullptr;
    // release: publishes the slots; pairs with the acquires here.
    if (place.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel, std::memory_order_acquire))
      there = made.release();
  }
  return there == nullptr ? nullptr : &(*there)[static_cast<std::size_t>(fd) % k_slots];
}

void foreign_woken::claim(foreign_place& place, wake_reason reason) noexcept {
  const weft::detail::claimed won = weft::detail::claim(place.token, reason);
  if (!won) return;
  place.was_parked = won.was_parked();
  place.next = head_;
  head_ = &place;
}

foreign_woken::~foreign_woken() {
  while (foreign_place* const place = head_) {
    head_ = place->next;  // before the unpark: after it the place is gone
    weft::detail::unpark(weft::detail::claimed(place->token.who, place->was_parked));
  }
}

void queue_place(foreign_record& record, foreign_place& place) noexcept {
  for (const direction d : k_both) place.seen[index_of(d)] = record.events[index_of(d)];
  place.next = nullptr;
  place.prev = record.tail;
  (record.tail != nullptr ? record.tail->next : record.head) = &place;
  record.tail = &place;
  place.is_queued = true;
  waiting_for_readiness.add(record.block->index);
}

void take_off(foreign_record& record, foreign_place& place) noexcept {
  if (!place.is_queued) return;
  (place.prev != nullptr ? place.prev->next : record.head) = place.next;
  (place.next != nullptr ? place.next->prev : record.tail) = place.prev;
  place.is_queued = false;
  for (const direction d : k_both) {
    if (record.standing[index_of(d)] != &place) continue;
    record.block->readiness_of(d).end_wait();
    record.standing[index_of(d)] = nullptr;
  }
  waiting_for_readiness.subtract(record.block->index);
}

void settle(foreign_record& record, foreign_woken& woken) noexcept {
  do {
    fold(record);
    claim_who_has_news(record, woken);
  } while (!stand_in(record, direction::read) || !stand_in(record, direction::write));
}

void free_if_unused(foreign_record& record) noexcept {
  if (!record.is_gone || record.users != 0) return;
  descriptors.give_back(record.block);
  delete &record;
}

void unwatch_record(foreign_record& record) noexcept {
  if (record.watched < 0) return;
  remove_from_epoll(record.epoll, record.watched);
  if (record.is_copy) close_descriptor(record.watched);
  record.watched = -1;
  record.is_copy = false;
}

void leave_to_its_places(foreign_slot& slot, foreign_record& record, wake_reason reason,
                         foreign_woken& woken) noexcept {
  unlink(slot, record);
  record.is_gone = true;
  while (foreign_place* const each = record.head) {
    take_off(record, *each);
    woken.claim(*each, reason);
  }
  free_if_unused(record);
}

namespace {

template <class Choice>
void leave_all(foreign_slot& slot, wake_reason reason, Choice is_chosen) noexcept {
  foreign_woken woken;  // unparked when the lock is open again
  const internal_guard guard(slot.lock);
  // relaxed: under the lock.
  foreign_record* next = slot.records.load(std::memory_order_relaxed);
  while (foreign_record* const each = next) {
    next = each->next;
    if (!is_chosen(*each)) continue;
    unwatch_record(*each);
    leave_to_its_places(slot, *each, reason, woken);
  }
}

void leave_number(int fd, wake_reason reason) noexcept {
  foreign_slot* const slot = slot_of_number(fd, false);
  // relaxed: who has just begun to wait there comes too late for this close, as for any.
  if (slot == nullptr || slot->records.load(std::memory_order_relaxed) == nullptr) return;
  leave_all(*slot, reason, [](const foreign_record&) { return true; });
}

}  // namespace

void close_foreign(int fd) noexcept { leave_number(fd, wake_reason::closed); }

void forget_foreign(int fd) noexcept { leave_number(fd, wake_reason::again); }

void forget_foreign_of(const void* home) noexcept {
  for (std::atomic<chunk*>& each : g_chunks) {
    // acquire: as in slot_of_number.
    chunk* const there = each.load(std::memory_order_acquire);
    if (there == nullptr) continue;
    for (foreign_slot& slot : *there)
      // relaxed: the runtime's own fibers have put them there, and have ended.
      if (slot.records.load(std::memory_order_relaxed) != nullptr)
        leave_all(slot, wake_reason::closed, [home](const foreign_record& record) { return record.home == home; });
  }
}

}  // namespace weft::net::detail
