#pragma once
// Room: netpoll. The path that a socket of ours is bound to, and its removal when the socket is closed.
//
// "Leaving a path"
//   L1 whoever closes first goes on; others are told that it was closed before
//   L2 the path is removed, if it still is the file that bind made there
//   L3 the descriptor is closed
// Up to L3 the file of L2 cannot be mistaken for another one, for the socket keeps its inode; and the socket answers,
// so that nobody who keeps to "Replacing" (binding.hpp) puts another one in its place between the look and the removal
// of L2. Who replaces paths by other rules may lose one in that moment.

#include <atomic>
#include <string>

#include <weft/netpoll/detail/bound_path.hpp>
#include <weft/netpoll/detail/descriptor.hpp>

#include "path_calls.hpp"
#include "unix_address.hpp"

namespace weft::net::detail {

class bound_path {
 public:
  // An abstract name, or a path that is to stay: nothing to remove.
  bound_path() noexcept = default;
  bound_path(std::string path, const path_identity& made) : path_(std::move(path)), made_(made) {}

  // L1 to L3. False: was closed before.
  bool close(descriptor& bound) noexcept;

 private:
  void remove() const noexcept;

  const std::string path_{};
  const path_identity made_{};
  std::atomic<bool> is_closed_{false};  // any thread
};

// For what was just bound. `made`: what stands at the path of `address`, if it has one; is_removed: with its socket.
[[nodiscard]] owned_path own_path(const unix_address& address, const path_identity& made, bool is_removed);

// Closes what is bound to it. Without a path it was never bound.
bool close_bound(const owned_path& path, descriptor& bound) noexcept;

}  // namespace weft::net::detail
