// Room: netpoll. See endpoint.hpp. Reads "host:port"; host_port.hpp is the half of it that names share.

#include <weft/netpoll/endpoint.hpp>

#include <charconv>
#include <cstring>
#include <ostream>

#include <arpa/inet.h>
#include <net/if.h>

#include <weft/netpoll/errc.hpp>

#include "host_port.hpp"

namespace weft::net {

namespace detail {

namespace {

// "unix:app" could be a host and a service; nobody has them.
bool is_unix_path(std::string_view text) noexcept {
  std::uint16_t port = 0;
  if (text.starts_with("unix:")) return !parse_port(text.substr(5), port);
  return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") || text.starts_with('@');
}

}  // namespace

host_port split_host_port(std::string_view text) noexcept {
  host_port parts;
  if (is_unix_path(text))
    return parts.problem = "net::listen_unix and net::dial_unix take the path of a Unix socket, without 'unix:'", parts;
  if (text.find('/') != std::string_view::npos)
    return parts.problem = "a path or a URL is no address of TCP: host:port is", parts;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return parts.problem = "there is no port", parts;
  parts.host = text.substr(0, colon);
  parts.port = text.substr(colon + 1);
  if (parts.port.empty()) return parts.problem = "the port is empty", parts;
  if (parts.host.starts_with('[')) {
    if (!parts.host.ends_with(']')) return parts.problem = "'[' without ']' before the port", parts;
    parts.host = parts.host.substr(1, parts.host.size() - 2);
    parts.is_bracketed = true;
    if (parts.host.empty()) return parts.problem = "nothing between '[' and ']'", parts;
  }
  if (!parts.is_bracketed && parts.host.find(':') != std::string_view::npos)
    return parts.problem = "an IPv6 address stands in brackets: [::1]:80", parts;
  if (text.find('\0') != std::string_view::npos) parts.problem = "a zero byte in it";
  return parts;
}

bool parse_port(std::string_view text, std::uint16_t& port) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

namespace {

bool parse_v4(std::string_view host, std::uint16_t port, endpoint& e) noexcept {
  char text[INET_ADDRSTRLEN] = {};
  std::array<std::uint8_t, 4> bytes{};
  if (host.size() >= sizeof(text)) return false;
  std::memcpy(text, host.data(), host.size());
  if (::inet_pton(AF_INET, text, bytes.data()) != 1) return false;
  e = endpoint::v4(bytes, port);
  return true;
}

// A number, or the name of an interface.
bool parse_scope(std::string_view text, std::uint32_t& scope) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), scope);
  if (error == std::errc() && end == text.data() + text.size()) return scope != 0;
  constexpr std::size_t k_longest_name = 15;
  if (text.size() > k_longest_name) return false;
  scope = ::if_nametoindex(std::string(text).c_str());
  return scope != 0;
}

bool parse_v6(std::string_view host, std::uint16_t port, endpoint& e) {
  char text[INET6_ADDRSTRLEN] = {};
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t scope = 0;
  const std::size_t percent = host.find('%');
  if (percent != std::string_view::npos) {
    if (!parse_scope(host.substr(percent + 1), scope)) return false;
    host = host.substr(0, percent);
  }
  if (host.size() >= sizeof(text)) return false;
  std::memcpy(text, host.data(), host.size());
  if (::inet_pton(AF_INET6, text, bytes.data()) != 1) return false;
  e = endpoint::v6(bytes, port, scope);
  return true;
}

}  // namespace

const char* parse_endpoint(std::string_view text, endpoint& e) {
  const host_port parts = split_host_port(text);
  if (parts.problem != nullptr) return parts.problem;
  std::uint16_t port = 0;
  if (!parse_port(parts.port, port)) return "the port is not a number from 0 to 65535";
  if (parts.is_bracketed) return parse_v6(parts.host, port, e) ? nullptr : "not an IPv6 address between '[' and ']'";
  if (parts.host.empty()) return e = endpoint::v6({}, port), nullptr;
  return parse_v4(parts.host, port, e) ? nullptr : "not an IPv4 address before the port";
}

}  // namespace detail

endpoint endpoint::parse(std::string_view text) {
  endpoint e;
  if (const char* problem = detail::parse_endpoint(text, e))
    throw std::system_error(errc::invalid_address, "weft: address '" + detail::shown(text) + "': " + problem);
  return e;
}

endpoint endpoint::parse(std::string_view text, std::error_code& ec) noexcept {
  endpoint e;
  ec = detail::parse_endpoint(text, e) == nullptr ? std::error_code() : errc::invalid_address;
  return ec ? endpoint() : e;
}

std::string endpoint::to_string() const {
  char address[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(is_v6_ ? AF_INET6 : AF_INET, bytes_.data(), address, sizeof(address));
  std::string text;
  text.append(is_v6_ ? "[" : "").append(address);
  if (scope_ != 0) text.append("%").append(std::to_string(scope_));
  return text.append(is_v6_ ? "]:" : ":").append(std::to_string(port_));
}

std::ostream& operator<<(std::ostream& out, const endpoint& e) { return out << e.to_string(); }

}  // namespace weft::net
