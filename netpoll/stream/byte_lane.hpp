#pragma once
// Room: netpoll. One direction of a pipe: a ring of bytes between who writes and who reads, and the waits of both. It
// needs no runtime: fibers of any runtime and plain threads may be at either end. The protocol is told in
// byte_lane.cpp. Next: lane_use.hpp, a call at one end; pipe.cpp, which makes a stream of two lanes.

#include <cstddef>
#include <memory>
#include <system_error>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>

#include "use_word.hpp"

namespace weft::net::detail {

class byte_lane {
 public:
  // Both ends are open, and each is owned by one handle.
  explicit byte_lane(std::size_t capacity);
  byte_lane(const byte_lane&) = delete;
  byte_lane& operator=(const byte_lane&) = delete;

  // "Ending", E1. False: that end was closed before. Any thread.
  bool close(direction end) noexcept;

  // "Ending", E2: the handle of an end goes, after close. The lane goes with the last handle and call.
  void abandon() noexcept;

  // The writer's end: nothing follows what has been written. Error if that end is closed.
  [[nodiscard]] std::error_code end_writing() noexcept;

  // Waits at this end, those in progress included, end at `until`. Error if that end is closed.
  [[nodiscard]] std::error_code set_deadline(direction end, deadline until) noexcept;

  [[nodiscard]] bool is_open(direction end) noexcept;

 private:
  friend class lane_use;

  // An end: where calls read, or write.
  struct lane_end {
    weft::detail::wait_list turns;    // who waits for the turn
    weft::detail::wait_list waiting;  // who has it, and waits for bytes, or room
    deadline until;
    bool is_held = false;  // somebody has the turn
    bool is_lent = false;  // ... and copies
    bool is_closed = false;
  };

  // A part of the ring; it may go on at the ring's start.
  struct part {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  ~byte_lane() = default;

  [[nodiscard]] lane_end& at(direction end) noexcept WEFT_REQUIRES(lock_) {
    return ends_[static_cast<std::size_t>(end)];
  }
  [[nodiscard]] bool has_ended(direction end) noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] part lend(direction end) noexcept WEFT_REQUIRES(lock_);
  void take_back(direction end, std::size_t moved, weft::detail::won_chain& woken) noexcept WEFT_REQUIRES(lock_);
  void hand_over(direction end, weft::detail::won_chain& woken) noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] bool leave() noexcept WEFT_REQUIRES(lock_);

  const std::size_t capacity_;
  const std::unique_ptr<std::byte[]> ring_;  // each part of it is its end's: "Lending"

  weft::detail::internal_lock lock_;
  lane_end ends_[2] WEFT_GUARDED_BY(lock_);
  std::size_t first_ WEFT_GUARDED_BY(lock_) = 0;        // where the oldest byte lies
  std::size_t filled_ WEFT_GUARDED_BY(lock_) = 0;       // how many there are
  std::size_t room_wanted_ WEFT_GUARDED_BY(lock_) = 0;  // what a writer waits for
  std::size_t users_ WEFT_GUARDED_BY(lock_) = 2;        // handles, and calls
  bool is_complete_ WEFT_GUARDED_BY(lock_) = false;     // nothing will follow
};

}  // namespace weft::net::detail
