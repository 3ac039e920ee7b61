#pragma once
// Room: netpoll. Waits for descriptors that are not ours: known by their number alone, used by any number of fibers at
// once, closed by whoever likes. For calls of POSIX's shape (std_shim/posix). Linux's epoll alone; its protocol,
// "Waiting by number", stands in foreign_table.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>
#include <span>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>

namespace weft::net::detail {
struct foreign_record;
}

#pragma GCC visibility push(default)

namespace weft::net::detail {

// One descriptor of a wait. On the frame of who waits, or in its memory, and does not move.
struct foreign_place {
  int fd = -1;
  std::uint32_t events = 0;  // poll's bits, which are epoll's; hang-ups and errors are always told

  // The wait's own.
  weft::detail::wait_token token;
  foreign_record* record = nullptr;
  foreign_place* next = nullptr;
  foreign_place* prev = nullptr;
  std::uint32_t seen[2] = {0, 0};
  bool is_queued = false;
  bool was_parked = false;
};

enum class foreign_end : std::uint8_t {
  look_again,  // something happened: try the call once more
  timed_out,
  cancelled,
  closed,      // by close_foreign: nobody needs to try again
  not_watched  // the system cannot watch one of them now, or never does: look again after a while
};

// Inside a fiber. Parks until one of the descriptors is worth a look; what is so already is told at once. A switch
// point. Never throws. `label` is for dumps, a string literal.
[[nodiscard]] foreign_end await_foreign(std::span<foreign_place> places, deadline until,
                                        weft::detail::wait_label label) noexcept;

// Any thread. The number is about to be closed, or to become another's: who waits there is told `closed`, and nothing
// is remembered of it.
void close_foreign(int fd) noexcept;

// The same for a number that was closed, or is about to be watched by us: who waits there is sent to look again.
void forget_foreign(int fd) noexcept;

// The same for each number from `first` to `last`, both among them. Costs what has been waited for, whatever the range.
void close_foreign_range(unsigned first, unsigned last) noexcept;
void forget_foreign_range(unsigned first, unsigned last) noexcept;

}  // namespace weft::net::detail

#pragma GCC visibility pop
