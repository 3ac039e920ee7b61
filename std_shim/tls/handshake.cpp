// Room: tls. See weft/tls/stream.hpp: connect, dial, accept. A connection that fails is closed by its end.

#include <weft/tls/stream.hpp>

#include <algorithm>
#include <utility>

#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/runtime/deadline.hpp>

#include "connection.hpp"

namespace weft::tls {

namespace {

using detail::connection;
using detail::context_core;

constexpr std::chrono::steady_clock::time_point k_never = std::chrono::steady_clock::time_point::max();

// What went wrong, and whom the certificate is for if that is what went wrong.
struct failure {
  std::error_code ec;
  std::string names;
};

[[noreturn]] void refuse(const failure& why, const char* call, const std::string& peer) {
  net::detail::throw_error(why.ec, call,
                           why.names.empty() ? peer : peer + " (the certificate is for " + why.names + ")");
}

bool is_of_another(const std::error_code& ec) noexcept {
  return ec.category() == certificate_category() &&
         (ec.value() == X509_V_ERR_HOSTNAME_MISMATCH || ec.value() == X509_V_ERR_IP_ADDRESS_MISMATCH);
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& each : names) all += (all.empty() ? "" : ", ") + each;
  return all.empty() ? "no name" : all;
}

// One of the process, made when it is first asked for.
const context& default_client() {
  static const context& the_one = *new context(context::client());
  return the_one;
}

stream shake_hands(detail::transport over, const context& as, std::string peer, std::chrono::nanoseconds timeout,
                   failure& why) {
  if (timeout.count() > 0) over.stream.set_deadline(timeout, why.ec);
  if (why.ec) return {};
  auto made = std::make_shared<connection>(std::move(over.stream), over.socket, as.core(), std::move(peer));
  stream shaken(made);
  made->shake_hands(why.ec);
  if (is_of_another(why.ec)) why.names = listed(made->refused_names());
  if (!why.ec && timeout.count() > 0) shaken.set_deadline(k_never, why.ec);
  return why.ec ? stream() : std::move(shaken);
}

stream connected(detail::transport over, std::string_view server_name, const connect_options& options, failure& why) {
  const context& as = options.context ? options.context : default_client();
  if (as.core()->is_server) why.ec = errc::no_context;
  if (why.ec) return {};
  // "example.org." is as absolute as a name can be, and neither certificates nor servers write it so.
  if (server_name.ends_with('.')) server_name.remove_suffix(1);
  return shake_hands(std::move(over), as, std::string(server_name), options.timeout, why);
}

stream accepted(detail::transport over, const context& as, const accept_options& options, failure& why) {
  if (!as || !as.core()->is_server) why.ec = errc::no_context;
  if (why.ec) return {};
  return shake_hands(std::move(over), as, {}, options.timeout, why);
}

// "example.org:443" and "[2001:db8::1]:443" without the port. net::dial has taken the address by then.
std::string_view host_of(std::string_view address) noexcept {
  const auto host = address.substr(0, address.rfind(':'));
  if (host.empty()) return "localhost";
  return host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

stream dialled(std::string_view address, const dial_options& options, failure& why) {
  const bool is_limited = options.timeout.count() > 0;
  const deadline until = is_limited ? deadline::after(weft::detail::now(), options.timeout) : deadline::never();
  auto tcp = net::dial(address, {.timeout = std::max(options.timeout, std::chrono::nanoseconds(0))}, why.ec);
  if (why.ec) return {};
  std::chrono::nanoseconds left{0};
  if (is_limited)
    left = std::chrono::nanoseconds(std::max<std::int64_t>(until.nanoseconds() - weft::detail::now().nanoseconds(), 1));
  const std::string_view name = options.server_name.empty() ? host_of(address) : std::string_view(options.server_name);
  return connected(std::move(tcp), name, {.context = options.context, .timeout = left}, why);
}

// The form that throws, and the one that tells.
template <class Call>
stream or_refuse(const char* name, std::string_view peer, Call call) {
  failure why;
  stream made = call(why);
  if (why.ec) refuse(why, name, std::string(peer));
  return made;
}

template <class Call>
stream or_tell(std::error_code& ec, Call call) {
  failure why;
  stream made = call(why);
  ec = why.ec;
  return made;
}

}  // namespace

stream connect(detail::transport over, std::string_view server_name, const connect_options& options) {
  return or_refuse("tls::connect", server_name,
                   [&](failure& why) { return connected(std::move(over), server_name, options, why); });
}

stream connect(detail::transport over, std::string_view server_name, const connect_options& options,
               std::error_code& ec) {
  return or_tell(ec, [&](failure& why) { return connected(std::move(over), server_name, options, why); });
}

stream connect(detail::transport over, std::string_view server_name, std::error_code& ec) {
  return connect(std::move(over), server_name, {}, ec);
}

stream dial(std::string_view address, const dial_options& options) {
  return or_refuse("tls::dial", address, [&](failure& why) { return dialled(address, options, why); });
}

stream dial(std::string_view address, const dial_options& options, std::error_code& ec) {
  return or_tell(ec, [&](failure& why) { return dialled(address, options, why); });
}

stream dial(std::string_view address, std::error_code& ec) { return dial(address, {}, ec); }

stream accept(detail::transport over, const context& as, const accept_options& options) {
  return or_refuse("tls::accept", "", [&](failure& why) { return accepted(std::move(over), as, options, why); });
}

stream accept(detail::transport over, const context& as, const accept_options& options, std::error_code& ec) {
  return or_tell(ec, [&](failure& why) { return accepted(std::move(over), as, options, why); });
}

stream accept(detail::transport over, const context& as, std::error_code& ec) {
  return accept(std::move(over), as, {}, ec);
}

}  // namespace weft::tls
