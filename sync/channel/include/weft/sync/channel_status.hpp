#pragma once
// Room: sync. How an operation on a channel ended. Next: channel.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>
#include <stdexcept>

#pragma GCC visibility push(default)

namespace weft {

enum class channel_status : std::uint8_t {
  ok,       // the value went over
  empty,    // try_recv: nothing there now
  full,     // try_send: nobody takes it now
  closed,   // send: the channel is closed; receive: closed, and drained
  timeout,  // the limit passed first
};

[[nodiscard]] const char* to_string(channel_status status) noexcept;

// Thrown by a send on a closed channel, and by closing one twice.
class channel_closed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace weft

#pragma GCC visibility pop
