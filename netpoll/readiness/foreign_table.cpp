// Room: netpoll. See foreign_table.hpp.

#include "foreign_table.hpp"

#include <array>
#include <memory>
#include <new>

#include <weft/runtime/detail/forked_child.hpp>

#include "direction_use.hpp"
#include "epoll_calls.hpp"
#include "foreign_settling.hpp"
#include "syscalls.hpp"
#include "waiting_count.hpp"

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wake_reason;

// Both for foreign_settling.hpp, which finds them by their argument, and so not in an unnamed namespace.

// Hang-ups and errors set both words, so any will do for who wants nothing else.
constexpr std::uint32_t k_outward = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
static bool wants(const foreign_place& place, direction d) noexcept {
  const bool outward = (place.events & k_outward) != 0;
  const bool inward = (place.events & ~k_outward) != 0 || !outward;
  return d == direction::read ? inward : outward;
}

static waiter_id id_of(const foreign_place& place) noexcept {
  return {reinterpret_cast<std::uintptr_t>(place.token.who), place.token.generation};
}

namespace {

constexpr std::size_t k_slots = 256;    // of a chunk
constexpr std::size_t k_chunks = 4096;  // numbers up to a million: the kernel's own limit, unless it was raised

using chunk = std::array<foreign_slot, k_slots>;
constinit std::array<std::atomic<chunk*>, k_chunks> g_chunks{};

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
  link_place(record, place);
  waiting_for_readiness.add(record.block->index());
}

void take_off(foreign_record& record, foreign_place& place) noexcept {
  if (unlink_place(record, place)) waiting_for_readiness.subtract(record.block->index());
}

void settle(foreign_record& record, foreign_woken& woken) noexcept {
  settle(record, [&](foreign_place& place) {
    take_off(record, place);
    woken.claim(place, wake_reason::again);
  });
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

void leave_slot(foreign_slot& slot, wake_reason reason) noexcept {
  // relaxed: who has just begun to wait there comes too late for this close, as for any.
  if (slot.records.load(std::memory_order_relaxed) == nullptr) return;
  if (weft::detail::is_forked_beside_a_runtime()) return;  // who waits there does so in the parent
  leave_all(slot, reason, [](const foreign_record&) { return true; });
}

void leave_number(int fd, wake_reason reason) noexcept {
  if (foreign_slot* const slot = slot_of_number(fd, false)) leave_slot(*slot, reason);
}

// Where nobody has ever waited there is no chunk.
void leave_numbers(std::size_t first, std::size_t last, wake_reason reason) noexcept {
  for (std::size_t of = first / k_slots; of <= last / k_slots && of < k_chunks; ++of) {
    // acquire: as in slot_of_number.
    chunk* const there = g_chunks[of].load(std::memory_order_acquire);
    if (there == nullptr) continue;
    for (std::size_t i = 0; i < k_slots; ++i)
      if (const std::size_t number = of * k_slots + i; number >= first && number <= last)
        leave_slot((*there)[i], reason);
  }
}

}  // namespace

void close_foreign(int fd) noexcept { leave_number(fd, wake_reason::closed); }

void forget_foreign(int fd) noexcept { leave_number(fd, wake_reason::again); }

void close_foreign_range(unsigned first, unsigned last) noexcept { leave_numbers(first, last, wake_reason::closed); }

void forget_foreign_range(unsigned first, unsigned last) noexcept { leave_numbers(first, last, wake_reason::again); }

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
