#pragma once
// Room: tests. A look into the lot (std_shim/interpose/lot.hpp), where the interposer is linked into the program: in
// the library its names are hidden, and there is nothing to be seen.

#if defined(WEFT_INTERPOSE_INSIDE)
#include <algorithm>

#include "lot.hpp"

namespace weft::testing {

inline bool lot_is_empty() {
  return std::all_of(std::begin(interpose::g_places), std::end(interpose::g_places), [](interpose::lot_place& each) {
    const detail::internal_guard held(each.lock);
    return each.waiters.empty() && each.inside.has_nobody();
  });
}

}  // namespace weft::testing
#else
namespace weft::testing {
inline bool lot_is_empty() { return true; }
}  // namespace weft::testing
#endif
