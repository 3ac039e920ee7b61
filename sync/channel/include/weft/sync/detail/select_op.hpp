#pragma once
// Room: sync. A case of a select without its types, and the select over such cases. What a case does with its outcome
// belongs to select.hpp; the protocol "Selecting" is told in select.cpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/sync/channel_status.hpp>
#include <weft/sync/detail/channel_core.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Lives on the selecting frame, or in a select_case. One select at a time may use it.
struct select_op {
  enum class kind : std::uint8_t { never, receive, send, after, otherwise };

  kind what = kind::never;              // never: a null channel's, or a send case that has sent
  bool hopeless = false;                // this round: found not ready, though it looked so
  channel_status status{};              // of the case that ran: ok or closed
  channel_core* core = nullptr;         // receive, send
  void* slot = nullptr;                 // receive, send
  std::chrono::nanoseconds duration{};  // after; max(): never
  channel_waiter node;                  // receive, send

  [[nodiscard]] bool is_channel() const noexcept { return what == kind::receive || what == kind::send; }
  [[nodiscard]] direction way() const noexcept { return what == kind::send ? direction::send : direction::receive; }
};

// Does what exactly one of the cases says, and returns its index. A cancellation point, also if it need not wait.
std::size_t select_ops(std::span<select_op* const> ops);

}  // namespace weft::detail

#pragma GCC visibility pop
