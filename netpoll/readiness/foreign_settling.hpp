#pragma once
// Room: netpoll. The middle of "Waiting by number" (foreign_table.hpp): who stands in the queue of a record, and how
// the readiness words of both directions become news for them. Under the lock of the slot, all of it. It knows neither
// the poller nor fibers, and is run as it stands by tests/model/foreign_waits_model.cpp.
//
// A Record has word(direction), events[2], standing[2], head and tail; its places have seen[2], next, prev, is_queued;
// wants(place, direction) and id_of(place) are found where they are.

#include <type_traits>

#include "readiness_word.hpp"
#include "use_word.hpp"

namespace weft::net::detail {

inline constexpr direction k_both_directions[] = {direction::read, direction::write};

// N2: at the end, with the counts as seen.
template <class Record, class Place>
void link_place(Record& record, Place& place) noexcept {
  for (int i = 0; i != 2; ++i) place.seen[i] = record.events[i];
  place.next = nullptr;
  place.prev = record.tail;
  (record.tail != nullptr ? record.tail->next : record.head) = &place;
  record.tail = &place;
  place.is_queued = true;
}

// Off the queue, and out of the words. False: it was not there.
template <class Record, class Place>
bool unlink_place(Record& record, Place& place) noexcept {
  if (!place.is_queued) return false;
  (place.prev != nullptr ? place.prev->next : record.head) = place.next;
  (place.next != nullptr ? place.next->prev : record.tail) = place.prev;
  place.is_queued = false;
  for (const direction d : k_both_directions) {
    auto*& standing = record.standing[static_cast<int>(d)];
    if (standing != &place) continue;
    record.word(d).end_wait();
    standing = nullptr;
  }
  return true;
}

// M1.
template <class Record>
void fold(Record& record) noexcept {
  for (const direction d : k_both_directions) {
    auto& word = record.word(d);
    const auto seen = word.prepare();
    if (!word.is_ready(seen)) continue;
    word.clear(seen);  // false: an event came just now, and is folded by the next who looks
    ++record.events[static_cast<int>(d)];
  }
}

// M2: `claim` takes the place off and claims it.
template <class Record, class Claim>
void claim_who_has_news(Record& record, Claim claim) noexcept {
  for (auto* each = record.head; each != nullptr;) {
    auto* const next = each->next;
    bool has_news = false;
    for (const direction d : k_both_directions)
      has_news |= wants(*each, d) && each->seen[static_cast<int>(d)] != record.events[static_cast<int>(d)];
    if (has_news) claim(*each);
    each = next;
  }
}

// M3. False: the word is ready, look again.
template <class Record>
bool stand_in(Record& record, direction d) noexcept {
  auto*& standing = record.standing[static_cast<int>(d)];
  if (standing != nullptr) return true;
  auto* first = record.head;
  while (first != nullptr && !wants(*first, d)) first = first->next;
  if (first == nullptr) return true;
  auto& word = record.word(d);
  if (word.begin_wait(id_of(*first)) != std::remove_reference_t<decltype(word)>::begun::waiting) return false;
  standing = first;
  return true;
}

// M1 to M3.
template <class Record, class Claim>
void settle(Record& record, Claim claim) noexcept {
  do {
    fold(record);
    claim_who_has_news(record, claim);
  } while (!stand_in(record, direction::read) || !stand_in(record, direction::write));
}

}  // namespace weft::net::detail
