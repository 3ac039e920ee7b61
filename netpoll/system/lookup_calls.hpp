#pragma once
// Room: netpoll. The resolver of libc. See syscalls.hpp for what all wrappers keep to.

#include <string>
#include <system_error>
#include <vector>

#include <weft/netpoll/endpoint.hpp>

namespace weft::net::detail {

// Blocks, perhaps for long.
[[nodiscard]] std::vector<endpoint> look_up(const std::string& host, const std::string& service, std::error_code& ec);

}  // namespace weft::net::detail
