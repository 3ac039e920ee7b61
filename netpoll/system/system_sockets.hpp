#pragma once
// Room: netpoll. What systems do otherwise about sockets, for the .cpp files of this floor that wrap their calls:
// system_sockets_linux.cpp, and its twins.

#include <sys/socket.h>

#include "socket_calls.hpp"

namespace weft::net::detail {

// Of a send, so that it never raises SIGPIPE. Where there is no such flag, each socket is told when it is made.
#if defined(__APPLE__)
inline constexpr int k_no_signal = 0;
#else
inline constexpr int k_no_signal = MSG_NOSIGNAL;
#endif

// As socket, accept and socketpair: below 0 with errno. Not blocking, and not inherited by what the process executes.
[[nodiscard]] int new_socket(int family, int type, int protocol) noexcept;
[[nodiscard]] int new_connection(int listener) noexcept;
[[nodiscard]] int new_pair(int family, int type, int (&ends)[2]) noexcept;

// For setsockopt.
struct option_name {
  static constexpr int k_needless = -1;  // it is so without being asked for
  static constexpr int k_unknown = -2;   // it cannot be had
  int level;
  int name;
};
[[nodiscard]] option_name name_of(socket_option option) noexcept;

// An error of accept that is the new connection's, and not the listener's.
[[nodiscard]] bool is_of_a_broken_connection(int error) noexcept;

}  // namespace weft::net::detail
