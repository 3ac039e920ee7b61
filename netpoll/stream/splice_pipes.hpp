#pragma once
// Room: netpoll. Linux alone: the pipes that bytes pass through from socket to socket (splicing_linux.cpp). One is
// taken when there is something to read and given back when all of it has been written: a copy that waits for its
// source has none. The pool keeps a few, which end as idle memory does. No byte of one copy ever reaches another: a
// pipe that is not empty when its user goes is closed.

#include <array>
#include <cstddef>

#include <weft/runtime/detail/idle_memory.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "splice_calls.hpp"

namespace weft::net::detail {

class splice_pipes final : public weft::detail::idle_memory {
 public:
  static constexpr std::size_t k_most_idle = 8;

  constexpr splice_pipes() noexcept = default;
  splice_pipes(const splice_pipes&) = delete;
  splice_pipes& operator=(const splice_pipes&) = delete;

  [[nodiscard]] std::error_code take(splice_ends& ends) noexcept;
  void give_back(splice_ends empty) noexcept;

  [[nodiscard]] std::size_t warm() noexcept override;
  [[nodiscard]] std::size_t end_period() noexcept override;
  std::size_t cool(std::size_t most, std::size_t* bytes) noexcept override;

 private:
  weft::detail::internal_lock lock_;
  std::array<splice_ends, k_most_idle> idle_ WEFT_GUARDED_BY(lock_){};
  std::size_t count_ WEFT_GUARDED_BY(lock_) = 0;
  bool is_known_ WEFT_GUARDED_BY(lock_) = false;  // to runtime, as idle memory
};

extern constinit splice_pipes idle_splice_pipes;

void close_splice_pipe(splice_ends ends) noexcept;

// One that is taken, and what is in it.
class lent_pipe {
 public:
  lent_pipe() noexcept = default;
  ~lent_pipe() { drop(); }
  lent_pipe(const lent_pipe&) = delete;
  lent_pipe& operator=(const lent_pipe&) = delete;

  // An error if there is none to be had.
  [[nodiscard]] std::error_code take() noexcept {
    return ends_.in < 0 ? idle_splice_pipes.take(ends_) : std::error_code();
  }
  void drop() noexcept;

  [[nodiscard]] transferred fill_from(int socket) noexcept;
  [[nodiscard]] transferred drain_to(int socket) noexcept;
  [[nodiscard]] std::size_t filled() const noexcept { return filled_; }

 private:
  splice_ends ends_;
  std::size_t filled_ = 0;
};

}  // namespace weft::net::detail
