// Room: netpoll. See resolve.hpp and addresses.hpp.

#include <weft/netpoll/resolve.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>

#include "addresses.hpp"
#include "host_port.hpp"
#include "lookup_flight.hpp"
#include "lookup_turns.hpp"

namespace weft::net {

std::vector<endpoint> resolve(std::string_view host, std::string_view service, std::error_code& ec) {
  weft::detail::require_poller("net::resolve");
  return detail::resolve_until(host, service, deadline::never(), ec);
}

std::vector<endpoint> resolve(std::string_view host, std::string_view service) {
  std::error_code ec;
  auto found = resolve(host, service, ec);
  if (ec) detail::throw_error(ec, "resolve", "'" + std::string(host) + "', '" + std::string(service) + "'");
  return found;
}

void set_resolver(const resolver_options& options) {
  const std::size_t most = options.most_lookups != 0 ? options.most_lookups : resolver_options{}.most_lookups;
  detail::turns_of_lookups.set_most(most);
  detail::set_kept_answers(options);
}

namespace detail {

namespace {

std::vector<endpoint> this_machine(std::uint16_t port, purpose what_for) {
  if (what_for == purpose::listening) return {endpoint::v6({}, port)};
  constexpr std::array<std::uint8_t, 16> k_v6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return {endpoint::v4({127, 0, 0, 1}, port), endpoint::v6(k_v6_loopback, port)};
}

bool is_number(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An address and the number of a port are no names: nobody need be asked.
bool is_literal(std::string_view host, std::string_view service, endpoint& literal) {
  if (host.empty() || service.empty() || !is_number(service)) return false;
  const bool is_v6 = host.find(':') != host.npos;
  const std::string text = (is_v6 ? "[" + std::string(host) + "]:" : std::string(host) + ":") + std::string(service);
  return parse_endpoint(text, literal) == nullptr;
}

}  // namespace

std::vector<endpoint> resolve_until(std::string_view host, std::string_view service, deadline until,
                                    std::error_code& ec) try {
  if (endpoint literal; is_literal(host, service, literal)) {
    weft::detail::cancellation_point();
    ec.clear();
    return {literal};
  }
  lookup_answer answer = shared_lookup(std::string(host), std::string(service), until);
  ec = answer.error;
  if (ec) weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  return std::move(answer.addresses);
} catch (const std::system_error& refused) {  // no thread to look it up on
  ec = refused.code();
  return {};
}

std::vector<endpoint> addresses_of(std::string_view text, purpose what_for, deadline until, std::error_code& ec) {
  ec.clear();
  endpoint literal;
  const host_port parts = split_host_port(text);
  if (parse_endpoint(text, literal) == nullptr) {
    if (parts.host.empty()) return this_machine(literal.port(), what_for);
    return {literal};
  }
  std::uint16_t port = 0;
  // What looks like an address and is none is not a name either.
  if (parts.problem != nullptr || parts.is_bracketed || (is_number(parts.port) && !parse_port(parts.port, port))) {
    ec = errc::invalid_address;
    return {};
  }
  auto found = resolve_until(parts.host, parts.port, until, ec);
  if (ec || !parts.host.empty()) return found;
  return this_machine(found.front().port(), what_for);
}

void throw_address_error(const std::error_code& ec, const char* call, std::string_view text,
                         std::string_view circumstances) {
  std::string subject = "'" + std::string(text) + "'";
  endpoint ignored;
  if (ec == errc::invalid_address) subject += std::string(" (") + parse_endpoint(text, ignored) + ")";
  subject += circumstances;
  throw_error(ec, call, subject);
}

}  // namespace detail

}  // namespace weft::net
