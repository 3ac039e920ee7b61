#pragma once
// Room: tests. A look into the lot (std_shim/interpose/lot.hpp), where the interposer is linked into the program: in
// the library its names are hidden, and there is nothing to be seen.

#if defined(WEFT_INTERPOSE_INSIDE)
#include <algorithm>

#include "lot.hpp"

namespace weft::testing {

// Of fibers: weft's own helper threads sleep at conditions, as any thread may.
inline bool is_empty(interpose::lot_place& place) {
  const detail::internal_guard held(place.lock);
  const detail::wait_node* each = place.waiters.front();
  if (each == nullptr) return place.inside.has_nobody();
  while (each != nullptr && static_cast<const interpose::lot_node*>(each)->thread != nullptr) each = each->next;
  return each == nullptr;
}

inline bool lot_is_empty() {
  return std::all_of(std::begin(interpose::g_places), std::end(interpose::g_places), is_empty);
}

}  // namespace weft::testing
#else
namespace weft::testing {
inline bool lot_is_empty() { return true; }
}  // namespace weft::testing
#endif
