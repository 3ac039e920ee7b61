// Room: netpoll. See detail/foreign_wait.hpp, and foreign_table.hpp for the protocol.

#include <weft/netpoll/detail/foreign_wait.hpp>

#include <exception>
#include <memory>
#include <system_error>

#include <weft/runtime/cancellation.hpp>

#include "descriptor_calls.hpp"
#include "descriptor_poller.hpp"
#include "epoll_calls.hpp"
#include "foreign_table.hpp"

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wait_token;
using weft::detail::wake_reason;

namespace {

// The record of this number in that poller. Null: no memory, or no epoll. Under the lock of the slot.
foreign_record* record_of(foreign_slot& slot, descriptor_poller& poller) noexcept try {
  // relaxed: under the lock.
  foreign_record* const first = slot.records.load(std::memory_order_relaxed);
  for (foreign_record* each = first; each != nullptr; each = each->next)
    if (each->home == &poller) return each;
  if (poller.registry() < 0) return nullptr;
  auto made = std::make_unique<foreign_record>();
  made->block = descriptors.take();
  for (readiness& each : made->block->ready) each.reset(false);
  made->home = &poller;
  made->epoll = poller.registry();
  made->next = first;
  slot.records.store(made.get(), std::memory_order_relaxed);  // relaxed: as above
  return made.release();
} catch (const std::exception&) {
  return nullptr;
}

std::uint32_t all_wanted(const foreign_record& record) noexcept {
  std::uint32_t all = EPOLLET;
  for (const foreign_place* each = record.head; each != nullptr; each = each->next) all |= each->events;
  return all;
}

std::uint64_t key_of(const foreign_record& record) noexcept {
  return record.block->key.load(std::memory_order_relaxed);  // relaxed: written before the record was made
}

// What the poller knows already is netpoll's own descriptor: a copy has events of its own.
std::error_code watch_copy(foreign_record& record, int fd, std::uint32_t events) noexcept {
  const opened copy = duplicate(fd);
  if (copy.error) return copy.error;
  if (auto ec = watch(record.epoll, copy.fd, events, key_of(record))) return close_descriptor(copy.fd), ec;
  record.watched = copy.fd;
  record.is_copy = true;
  return {};
}

std::error_code watch_anew(foreign_record& record, int fd) noexcept {
  const std::uint32_t events = all_wanted(record);
  const std::error_code ec = watch(record.epoll, fd, events, key_of(record));
  if (ec == std::errc::file_exists) return watch_copy(record, fd, events);
  if (!ec) record.watched = fd;
  return ec;
}

// N3. True: the record stands for something that this number is no more.
bool is_stale(foreign_record& record) noexcept {
  if (record.watched < 0) return false;
  return !!watch_again(record.epoll, record.watched, all_wanted(record), key_of(record));
}

// N2 to N4, for one place. False: it cannot be watched.
bool join(foreign_place& place, descriptor_poller& poller) noexcept {
  foreign_slot* const slot = slot_of_number(place.fd, true);
  if (slot == nullptr) return false;
  foreign_woken woken;  // unparked when the lock is open again
  const internal_guard guard(slot->lock);
  for (;;) {
    foreign_record* const record = record_of(*slot, poller);
    if (record == nullptr) return false;
    settle(*record, woken);
    queue_place(*record, place);
    if (!is_stale(*record)) {
      place.record = record;
      ++record->users;
      const bool is_watched = record->watched >= 0 || !watch_anew(*record, place.fd);
      settle(*record, woken);
      return is_watched;
    }
    take_off(*record, place);
    record->watched = -1;  // nothing to be taken out
    leave_to_its_places(*slot, *record, wake_reason::again, woken);
  }
}

// N6.
void part(foreign_place& place) noexcept {
  if (place.record == nullptr) return;
  foreign_woken woken;
  const internal_guard guard(slot_of_number(place.fd, false)->lock);
  foreign_record& record = *place.record;
  take_off(record, place);
  settle(record, woken);
  --record.users;
  // A copy holds the open description, and a record that is not watched holds a block: neither is kept for nothing.
  if (record.users == 0 && !record.is_gone && (record.is_copy || record.watched < 0)) {
    unwatch_record(record);
    leave_to_its_places(*slot_of_number(place.fd, false), record, wake_reason::again, woken);
  } else {
    free_if_unused(record);
  }
}

foreign_end end_by(wake_reason reason) noexcept {
  switch (reason) {
    case wake_reason::timed_out: return foreign_end::timed_out;
    case wake_reason::cancelled: return foreign_end::cancelled;
    case wake_reason::closed: return foreign_end::closed;
    default: return foreign_end::look_again;
  }
}

descriptor_poller* poller_of_this_runtime() noexcept try {
  return &descriptor_poller::of_this_runtime();
} catch (const std::exception&) {
  return nullptr;
}

}  // namespace

foreign_end await_foreign(std::span<foreign_place> places, deadline until, weft::detail::wait_label label) noexcept {
  descriptor_poller* const poller = poller_of_this_runtime();
  if (poller == nullptr) return foreign_end::not_watched;
  const wait_token token = weft::detail::arm(weft::detail::cancellation::honoured);
  bool are_watched = true;
  for (foreign_place& each : places) {
    each.token = token;
    each.record = nullptr;
    if (!(are_watched = join(each, *poller))) break;
  }
  auto reason = wake_reason::again;
  if (are_watched)
    reason = weft::detail::park(token, until, label);
  else if (!weft::detail::disarm(token))
    reason = weft::detail::park(token, deadline::never(), label);
  for (foreign_place& each : places) part(each);
  if (!are_watched && reason == wake_reason::again) return foreign_end::not_watched;
  return end_by(reason);
}

}  // namespace weft::net::detail
