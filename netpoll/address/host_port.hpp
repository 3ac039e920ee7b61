#pragma once
// Room: netpoll. "host:port", as endpoints and names are written. In endpoint.cpp.

#include <cstdint>
#include <string_view>

#include <weft/netpoll/endpoint.hpp>

namespace weft::net::detail {

struct host_port {
  std::string_view host;  // without brackets; empty in ":80"
  std::string_view port;  // never empty
  bool is_bracketed = false;
  const char* problem = nullptr;  // what is wrong with it, for people; the rest is void then
};

[[nodiscard]] host_port split_host_port(std::string_view text) noexcept;

// Decimal, 0 to 65535, nothing around it.
[[nodiscard]] bool parse_port(std::string_view text, std::uint16_t& port) noexcept;

// Null, or what is wrong with it.
[[nodiscard]] const char* parse_endpoint(std::string_view text, endpoint& e);

}  // namespace weft::net::detail
