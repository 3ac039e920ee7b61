#pragma once
// Room: posix. Several buffers as one: how much they hold, and what is left of them when some of it was moved.

#include <cstddef>

#include <sys/uio.h>

namespace weft::posix {

// False: more than an ssize_t can tell, or no number of buffers that the kernel takes. It then says so itself.
[[nodiscard]] inline bool sum_of(const iovec* parts, std::size_t count, std::size_t& total) noexcept {
  constexpr std::size_t k_most = 1024;  // IOV_MAX
  total = 0;
  if (count > k_most || (parts == nullptr && count > 0)) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (__builtin_add_overflow(total, parts[i].iov_len, &total)) return false;
  return total <= static_cast<std::size_t>(__PTRDIFF_MAX__);
}

// What comes behind the first `done` bytes, as many buffers of it as there is room for.
struct rest_of_parts {
  static constexpr std::size_t k_room = 32;
  iovec parts[k_room];
  std::size_t count = 0;

  rest_of_parts(const iovec* all, std::size_t of, std::size_t done) noexcept {
    for (std::size_t i = 0; i < of && count < k_room; ++i) {
      if (done >= all[i].iov_len) {
        done -= all[i].iov_len;
        continue;
      }
      parts[count++] = {static_cast<std::byte*>(all[i].iov_base) + done, all[i].iov_len - done};
      done = 0;
    }
  }
};

}  // namespace weft::posix
