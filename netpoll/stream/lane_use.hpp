#pragma once
// Room: netpoll. One call at one end of a byte lane, from its entry to its end: the turn, the waits for bytes or room,
// and the copying. Protocol: "Lending", byte_lane.cpp.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/wait_list.hpp>

#include "byte_lane.hpp"

namespace weft::net::detail {

// Entering is a cancellation point, spends one of a fiber's operations, and waits while
// another call has the turn. Throws weft::cancelled.
class lane_use {
 public:
  // `lane` may be null, which is as if it were closed; `label` is for dumps: a string literal.
  lane_use(byte_lane* lane, direction end, weft::detail::wait_label label);
  ~lane_use();
  lane_use(const lane_use&) = delete;
  lane_use& operator=(const lane_use&) = delete;

  // Why it could not enter; then nothing else may be called.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

  // Waits until something can be moved, of `left` bytes that are still to be moved. False: the end of the stream, or an
  // error. Throws weft::cancelled.
  [[nodiscard]] bool await(std::size_t left, std::error_code& ec);

  // After await: moves what can be moved, and says how much that was.
  std::size_t read(std::span<std::byte> to) noexcept;
  std::size_t write(std::span<const std::byte> from) noexcept;

 private:
  enum class answer : std::uint8_t { mine, queued, closed, late };      // to who asks for the turn
  enum class outlook : std::uint8_t { lent, enqueued, ended, closed };  // of who has it

  [[nodiscard]] std::error_code enter();
  [[nodiscard]] answer ask_for_turn(bool is_first) noexcept;
  [[nodiscard]] std::error_code wait_for_turn();
  [[nodiscard]] outlook look(std::size_t left) noexcept;
  [[nodiscard]] std::error_code wait();
  [[nodiscard]] deadline take_off(weft::detail::wait_list byte_lane::lane_end::*list) noexcept;
  [[nodiscard]] deadline deadline_of_end() noexcept;
  void leave() noexcept;
  void drop() noexcept;
  template <class CopyPiece>
  std::size_t copy(std::size_t wanted, CopyPiece copy_piece) noexcept;

  byte_lane* lane_;
  direction end_;
  weft::detail::wait_label label_;
  std::error_code error_;
  byte_lane::part part_;   // what is lent to this call and not yet copied
  std::size_t moved_ = 0;  // what has been copied, and is not yet in the lane's counts
  weft::detail::wait_node node_;
  deadline until_;  // of the wait that has been armed
};

}  // namespace weft::net::detail
