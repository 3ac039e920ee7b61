// Room: tests. See targets.hpp.

#include "targets.hpp"

#include <string>
#include <system_error>

#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/errc.hpp>

#include "host_port.hpp"

namespace weft::fuzz {

namespace {

using net::endpoint;
using net::detail::host_port;

// The parts are what was written, and nothing more was.
void check_split(std::string_view input) {
  const host_port parts = net::detail::split_host_port(input);
  if (parts.problem != nullptr) return;
  std::string whole(parts.host);
  if (parts.is_bracketed) whole = "[" + whole + "]";
  require(whole + ":" + std::string(parts.port) == input, "the parts are not the whole", input);
  require(!parts.port.empty(), "an empty port", input);
  require(input.find('/') == std::string_view::npos, "a path is taken for an address", input);
  require(parts.is_bracketed || parts.host.find(':') == std::string_view::npos, "a colon in a host", input);
}

void check_taken(const endpoint& e, std::string_view input) {
  const std::string text = e.to_string();
  std::error_code ec;
  require(endpoint::parse(text, ec) == e && !ec, "what it writes it does not read", input);
  require(endpoint::parse(input) == e, "the two forms differ", input);
  require(text.size() <= 64, "longer than any address", input);
  const auto colon = input.rfind(':');
  require(std::stoul(std::string(input.substr(colon + 1))) == e.port(), "another port", input);
}

void check_refused(std::string_view input) {
  try {
    (void)endpoint::parse(input);
  } catch (const std::system_error& refusal) {
    require(refusal.code() == net::errc::invalid_address, "refused as something else", input);
    require(names(refusal, input), "refused without being named", input);
    return;
  }
  require(false, "taken by one form alone", input);
}

}  // namespace

void address(std::string_view input) {
  check_split(input);
  std::error_code ec;
  const endpoint e = endpoint::parse(input, ec);
  if (!ec) return check_taken(e, input);
  require(ec == net::errc::invalid_address, "refused as something else", input);
  require(e == endpoint(), "refused, and something is returned", input);
  check_refused(input);
}

}  // namespace weft::fuzz
