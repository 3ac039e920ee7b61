// Room: netpoll. See lookup_calls.hpp.

#include "lookup_calls.hpp"

#include <netdb.h>

#include <weft/netpoll/errc.hpp>

#include "calling.hpp"
#include "socket_address.hpp"

namespace weft::net::detail {

namespace {

std::error_code error_of_lookup(int result) noexcept {
  switch (result) {
    case EAI_SYSTEM: return last_error_code();
    case EAI_MEMORY: return error_of(ENOMEM);
    case EAI_AGAIN: return errc::resolver_busy;
    case EAI_SERVICE: return errc::service_not_found;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY: return errc::host_not_found;
    default: return errc::resolver_failed;
  }
}

}  // namespace

std::vector<endpoint> look_up(const std::string& host, const std::string& service, std::error_code& ec) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int refused = drawn_refusal()) {
    ec = error_of(refused);
    return {};
  }
  const int result = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &found);
  ec = result == 0 ? std::error_code() : error_of_lookup(result);
  if (ec) return {};
  std::vector<endpoint> endpoints;
  try {
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
      if (each->ai_family == AF_INET || each->ai_family == AF_INET6) endpoints.push_back(endpoint_from(each->ai_addr));
  } catch (...) {
    ::freeaddrinfo(found);
    throw;
  }
  ::freeaddrinfo(found);
  if (endpoints.empty()) ec = errc::host_not_found;
  return endpoints;
}

}  // namespace weft::net::detail
