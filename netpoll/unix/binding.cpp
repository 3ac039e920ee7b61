// Room: netpoll. See binding.hpp.

#include "binding.hpp"

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "shortage.hpp"

namespace weft::net::detail {

namespace {

std::error_code in_use() noexcept { return std::make_error_code(std::errc::address_in_use); }

// R1: ten tries, 1 to 512 ms apart.
unique_fd lock_of(const char* path) {
  constexpr int k_most_pauses = 10;
  back_off pauses;
  for (int i = 0;; ++i) {
    const opened lock = lock_directory_of(path);
    if (lock.error != std::errc::resource_unavailable_try_again || i == k_most_pauses) return unique_fd(lock.fd);
    weft::this_fiber::sleep_for(pauses.next());
  }
}

// R4.
bool is_stale(unix_kind kind, const unix_address& address) noexcept {
  const opened probe = open_unix_socket(kind);
  const unique_fd held(probe.fd);
  return !probe.error && connect_unix(probe.fd, address) == std::errc::connection_refused;
}

// R3 to R5.
std::error_code replace(int fd, unix_kind kind, const unix_address& address) noexcept {
  std::error_code ec;
  const path_identity there = identify(address.path(), ec);
  if (ec && ec != std::errc::no_such_file_or_directory) return ec;
  if (!ec) {
    if (!there.is_socket || !is_stale(kind, address)) return in_use();
    ec = remove_path(address.path());
    if (ec && ec != std::errc::no_such_file_or_directory) return ec;
  }
  return bind_unix(fd, address);
}

std::error_code bind_path(int fd, unix_kind kind, const unix_address& address, const path_rules& rules, bound& done) {
  if (rules.replace_stale) done.directory_lock = lock_of(address.path());
  if (rules.mode != 0) limit_mode_before_bind(fd, rules.mode);
  std::error_code ec = bind_unix(fd, address);
  if (ec == std::errc::address_in_use && rules.replace_stale) ec = replace(fd, kind, address);
  if (ec) return ec;
  done.made = identify(address.path(), ec);
  return ec;
}

}  // namespace

std::error_code bind_to(int fd, unix_kind kind, const unix_address& address, const path_rules& rules, bound& done) {
  if (!address.is_path()) return bind_unix(fd, address);
  if (auto ec = bind_path(fd, kind, address, rules, done)) return ec;
  if (rules.mode == 0 || done.made.mode == rules.mode) return {};
  // What the umask took from it. Nobody connects yet: to a stream that does not listen, at least.
  const std::error_code ec = set_path_mode(address.path(), rules.mode);
  if (ec) static_cast<void>(remove_path(address.path()));
  return ec;
}

}  // namespace weft::net::detail
