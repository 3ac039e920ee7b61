#pragma once
// Room: posix. How a descriptor is tried without blocking, by what it is: found out once a number, and forgotten when
// the number is closed or made anew by a call of this room. A number that changes hands unseen is found by the error
// that its old way gives; only a short read of a regular file that was a pipe before is not told from a pipe's.

#include <cstdint>

namespace weft::posix {

enum class way : std::uint8_t {
  unknown,
  message,   // a socket: MSG_DONTWAIT
  flag,      // a pipe, an event, a timer: RWF_NOWAIT
  look,      // what does not know the flag: poll, then the call
  storage,   // a file, a disk: RWF_NOWAIT, then on a helper thread
  in_place,  // a file that does not know the flag for writing: on the worker what is brief (in_place.hpp)
  helper,    // else what does not know the flag: on a helper thread at once
};

enum class side : std::uint8_t { in, out };

// unknown: no descriptor at all.
[[nodiscard]] way way_of(int fd, side s) noexcept;
// The call says that it is something else than we thought. Probed anew if it was no `flag` that is not known.
void note_no_flag(int fd, side s) noexcept;
void forget_way(int fd) noexcept;
// From `first` to `last`; costs no more than what is known, however far they are apart.
void forget_ways(unsigned first, unsigned last) noexcept;
// Before a helper thread is sent to wait for a file or a disk, who could not be called off: false if the number stands
// for something else by now, which is forgotten.
[[nodiscard]] bool is_storage_yet(int fd) noexcept;

}  // namespace weft::posix
