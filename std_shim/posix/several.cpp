// Room: posix. See several.hpp.

#include "several.hpp"

namespace weft::posix {

// Spaced out as patience's are, and for the same reason.
int several::wait(deadline until, std::uint32_t looks, weft::detail::wait_label label) noexcept {
  if (looks > k_quick_looks) return pause(pause_after(looks - k_quick_looks), until, label);
  const auto why = weft::net::detail::await_foreign({all(), count_}, until, label);
  // `closed` is not the end of it: poll tells what became of the number.
  if (why == weft::net::detail::foreign_end::closed) return 0;
  if (why == weft::net::detail::foreign_end::not_watched) return pause(pause_after(looks), until, label);
  return error_of(why);
}

}  // namespace weft::posix
