#pragma once
// Room: netpoll. What the address that a user wrote stands for: itself, or what the resolver makes of it.

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <weft/netpoll/endpoint.hpp>
#include <weft/runtime/deadline.hpp>

namespace weft::net::detail {

// "" before the port stands for every address of this machine to a listener, and for this machine to a dialer.
enum class purpose : std::uint8_t { listening, dialing };

// At least one, or an error. Parks for names, until then at most (std::errc::timed_out).
[[nodiscard]] std::vector<endpoint> addresses_of(std::string_view text, purpose what_for, deadline until,
                                                 std::error_code& ec);

// As resolve, with a limit. Inside a fiber.
[[nodiscard]] std::vector<endpoint> resolve_until(std::string_view host, std::string_view service, deadline until,
                                                  std::error_code& ec);

// Throws what a call could not do with an address, and names both; with what is wrong with the text, if that is it, and
// the circumstances (" (3 addresses were tried)").
[[noreturn]] void throw_address_error(const std::error_code& ec, const char* call, std::string_view text,
                                      std::string_view circumstances = {});

}  // namespace weft::net::detail
