// Room: netpoll. See bound_path.hpp.

#include "bound_path.hpp"

namespace weft::net::detail {

void drop_bound_path::operator()(bound_path* path) const noexcept { delete path; }

bool bound_path::close(descriptor& bound) noexcept {
  // relaxed: one of several wins, and hands nothing over ("Leaving a path", L1).
  if (is_closed_.exchange(true, std::memory_order_relaxed)) return false;
  remove();
  return bound.close();
}

void bound_path::remove() const noexcept {
  if (path_.empty()) return;
  std::error_code ec;
  if (identify(path_.c_str(), ec) == made_ && !ec) static_cast<void>(remove_path(path_.c_str()));
}

owned_path own_path(const unix_address& address, const path_identity& made, bool is_removed) {
  if (!address.is_path() || !is_removed) return owned_path(new bound_path);
  return owned_path(new bound_path(address.path(), made));
}

bool close_bound(const owned_path& path, descriptor& bound) noexcept {
  return path == nullptr ? bound.close() : path->close(bound);
}

}  // namespace weft::net::detail
