#pragma once
// Room: posix. A write to a file, on the worker, as libc makes it: most file systems know no flag against waiting for
// that, and a helper thread costs fifteen times as much as most writes take. If one takes long after all, others are
// run meanwhile, and the next ones go to helper threads ("Brief calls", weft/runtime/detail/brief_call.hpp).
//
// What is remembered of a number may be of a file that was closed unseen. A write at a place fails where there are no
// places; one where the file stands would wait for a pipe, a terminal or an eventfd, and nobody could call it off. So
// that is preceded by a look at where it stands: pipes and terminals stand nowhere, eventfds always at 0, and what
// stands there is asked what it is. An O_DIRECT that is set later makes a write long, but not wrong.

#include <cstddef>

#include <sys/types.h>
#include <unistd.h>

#include <weft/runtime/detail/brief_call.hpp>

#include "descriptor_kind.hpp"

namespace weft::posix {

[[nodiscard]] inline bool is_file_yet(int fd) noexcept { return ::lseek(fd, 0, SEEK_CUR) > 0 || is_storage_yet(fd); }

// False: it is to be done otherwise, and nothing was. `call` writes at a place.
template <class Call>
bool write_in_place(int fd, std::size_t size, ssize_t& n, Call call) noexcept {
  if (size > weft::detail::k_most_brief_bytes || way_of(fd, side::out) != way::in_place) return false;
  const weft::detail::brief_call here;
  if (!here) return false;
  n = call();
  return true;
}

// The same, where the file stands.
template <class Call>
bool write_next_in_place(int fd, std::size_t size, ssize_t& n, Call call) noexcept {
  const bool may_be =
      size <= weft::detail::k_most_brief_bytes && way_of(fd, side::out) == way::in_place && is_file_yet(fd);
  return may_be && write_in_place(fd, size, n, call);
}

}  // namespace weft::posix
