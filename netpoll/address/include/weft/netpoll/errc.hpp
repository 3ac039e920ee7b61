#pragma once
// Room: netpoll. The outcomes of networking that the system has no number for. Everything else that can go wrong with a
// socket is a std::error_code of the system (std::errc compares with it).

#include <weft/runtime/detail/require_cpp20.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#pragma GCC visibility push(default)

namespace weft::net {

enum class errc {
  end_of_stream = 1,  // read_exactly: the peer ended the stream before that many bytes
  invalid_address,    // not "1.2.3.4:80", "[::1]:80" or ":80"; compares equal to std::errc::invalid_argument
  host_not_found,     // the name has no address
  service_not_found,  // the service has no port
  resolver_failed,    // the resolver cannot answer, and will not
  resolver_busy,      // the resolver cannot answer now; compares equal to std::errc::resource_unavailable_try_again
  resolver_stuck,     // too many lookups that nobody waits for any more are unanswered; compares equal to the same
  not_a_stream,       // descriptor_stream: a file on a disk, a directory; compares equal to std::errc::invalid_argument
  line_too_long,      // buffered_stream: no end of the line within the limit; what was read of it is still there
  status_taken,       // process: somebody else reaped the child; compares equal to std::errc::no_child_process
};

// Its name is "weft.net".
[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc e) noexcept;

namespace detail {
// A text of the user's, for a message: a zero byte, which would end what() there, as "\0".
[[nodiscard]] std::string shown(std::string_view text);
// Throws std::system_error: "weft: <call> <subject, shown>: <message of ec>". For the throwing forms.
[[noreturn]] void throw_error(const std::error_code& ec, const char* call, const std::string& subject = {});
}  // namespace detail

}  // namespace weft::net

#pragma GCC visibility pop

template <>
struct std::is_error_code_enum<weft::net::errc> : std::true_type {};
