// Room: netpoll. See unix_address.hpp.

#include "unix_address.hpp"

#include <cstddef>
#include <cstring>

#include <weft/netpoll/errc.hpp>

namespace weft::net::detail {

namespace {

#if defined(__linux__)
constexpr bool k_has_abstract_names = true;
#else
constexpr bool k_has_abstract_names = false;
#endif

constexpr socklen_t k_before_path = offsetof(sockaddr_un, sun_path);

bool is_abstract(std::string_view text) noexcept { return text.starts_with('@'); }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string problem_with(std::string_view text) {
  if (text.empty()) return "it is empty: a path, or @name for an abstract one, is an address of a Unix socket";
  if (is_abstract(text) && !k_has_abstract_names) return "only Linux has abstract names: use a path";
  if (text.size() > k_longest_unix_path)
    return std::to_string(text.size()) + " bytes, and the system takes " + std::to_string(k_longest_unix_path) +
           " at most: use a directory nearer to the root, or a relative path";
  return "a zero byte in it";
}

}  // namespace

std::error_code parse_unix_address(std::string_view text, unix_address& to) noexcept {
  if (text.empty()) return std::make_error_code(std::errc::invalid_argument);
  if (is_abstract(text) && !k_has_abstract_names) return std::make_error_code(std::errc::not_supported);
  if (text.size() > k_longest_unix_path) return std::make_error_code(std::errc::filename_too_long);
  if (!is_abstract(text) && text.find('\0') != std::string_view::npos)
    return std::make_error_code(std::errc::invalid_argument);
  to = {};
  to.name.sun_family = AF_UNIX;
  std::memcpy(to.name.sun_path, text.data(), text.size());
  // A path ends with a zero, an abstract name begins with one and is as long as it is said to be.
  to.size = k_before_path + static_cast<socklen_t>(text.size()) + (is_abstract(text) ? 0 : 1);
  if (!is_abstract(text)) return {};
  to.name.sun_path[0] = '\0';
  if (text.size() == 1) to.size = k_before_path;  // the system chooses one
  return {};
}

std::string text_of(const unix_address& address) {
  if (address.size <= k_before_path) return {};
  const std::size_t room = std::min<std::size_t>(address.size - k_before_path, sizeof(address.name.sun_path));
  if (!address.is_path()) return "@" + std::string(address.name.sun_path + 1, room - 1);
  return {address.name.sun_path, ::strnlen(address.name.sun_path, room)};
}

void throw_unix_error(const std::error_code& ec, const char* call, std::string_view text) {
  unix_address ignored;
  const bool is_refused = static_cast<bool>(parse_unix_address(text, ignored));
  throw_error(ec, call, is_refused ? quoted(text) + " (" + problem_with(text) + ")" : quoted(text));
}

}  // namespace weft::net::detail
