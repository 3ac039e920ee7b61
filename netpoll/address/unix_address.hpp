#pragma once
// Room: netpoll. The address of a Unix socket: a path, or an abstract name of Linux, which texts begin with '@'. From
// what a user wrote to the form that the system wants, and back.

#include <string>
#include <string_view>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

namespace weft::net::detail {

// The last byte of the room is a zero's.
inline constexpr std::size_t k_longest_unix_path = sizeof(sockaddr_un::sun_path) - 1;

struct unix_address {
  sockaddr_un name{};
  socklen_t size = sizeof(sockaddr_un);

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&name); }
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&name); }

  // A path in the file system, and not an abstract name.
  [[nodiscard]] bool is_path() const noexcept { return name.sun_path[0] != '\0'; }
  [[nodiscard]] const char* path() const noexcept { return name.sun_path; }
};

// "@" alone asks the system for an abstract name that nobody has. Errors: std::errc::invalid_argument,
// filename_too_long, and not_supported for abstract names where there are none.
[[nodiscard]] std::error_code parse_unix_address(std::string_view text, unix_address& to) noexcept;

// What parse_unix_address reads; "" for a socket that has no name.
[[nodiscard]] std::string text_of(const unix_address& address);

// Throws what a call could not do with an address, and names both; with what is wrong with the text, if that is it.
[[noreturn]] void throw_unix_error(const std::error_code& ec, const char* call, std::string_view text);

}  // namespace weft::net::detail
