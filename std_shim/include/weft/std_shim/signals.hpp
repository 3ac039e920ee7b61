#pragma once
// Room: std_shim. Signals as a channel, to be received in a select beside everything else. Next: weft.hpp.

#include <initializer_list>

#include <weft/sync/channel.hpp>

#pragma GCC visibility push(default)

namespace weft {

//   auto stop = weft::signals({SIGINT, SIGTERM});
//   const int which = *stop.recv();
//
// At most one of each signal is pending in the channel, further ones coalesce; sending never blocks. While a handle
// lives the signals do nothing else; the last handle that goes restores what they did before. Requires a runtime
// (std::logic_error); after its end nothing more comes. Throws std::system_error if a signal cannot be caught.
// Fed by a fiber named "signals" of the calling fiber's runtime, over net::signal_source.
[[nodiscard]] channel<int> signals(std::initializer_list<int> wanted);

}  // namespace weft

#pragma GCC visibility pop
