// Room: netpoll. See splice_pipes.hpp.

#include "splice_pipes.hpp"

#include <utility>

namespace weft::net::detail {

using weft::detail::internal_guard;

constinit splice_pipes idle_splice_pipes;

void close_splice_pipe(splice_ends ends) noexcept {
  close_descriptor(ends.in);
  close_descriptor(ends.out);
}

std::error_code splice_pipes::take(splice_ends& ends) noexcept {
  bool is_first = false;
  {
    const internal_guard guard(lock_);
    if (count_ != 0) {
      ends = idle_[--count_];
      return {};
    }
    is_first = !std::exchange(is_known_, true);
  }
  if (is_first) weft::detail::keep_idle_memory(*this);
  return open_splice_pipe(ends);
}

void splice_pipes::give_back(splice_ends empty) noexcept {
  {
    const internal_guard guard(lock_);
    if (count_ != k_most_idle) {
      idle_[count_++] = empty;
      return;
    }
  }
  close_splice_pipe(empty);
}

std::size_t splice_pipes::warm() noexcept {
  const internal_guard guard(lock_);
  return count_;
}

// Fewer than are kept of any kind: only trim() and the end of the last runtime close them.
std::size_t splice_pipes::end_period() noexcept { return warm(); }

// Empty ones have no memory.
std::size_t splice_pipes::cool(std::size_t most, std::size_t*) noexcept {
  std::size_t cooled = 0;
  for (; cooled < most; ++cooled) {
    splice_ends cold;
    {
      const internal_guard guard(lock_);
      if (count_ == 0) break;
      cold = idle_[--count_];
    }
    close_splice_pipe(cold);
  }
  return cooled;
}

void lent_pipe::drop() noexcept {
  if (ends_.in < 0) return;
  const splice_ends ends = std::exchange(ends_, {});
  if (std::exchange(filled_, 0) == 0)
    idle_splice_pipes.give_back(ends);
  else
    close_splice_pipe(ends);
}

transferred lent_pipe::fill_from(int socket) noexcept {
  const transferred got = splice_from_socket(socket, ends_.in, k_splice_pipe_size);
  filled_ += got.count;
  return got;
}

transferred lent_pipe::drain_to(int socket) noexcept {
  const transferred put = splice_to_socket(ends_.out, socket, filled_);
  filled_ -= put.count;
  return put;
}

}  // namespace weft::net::detail
