#pragma once
// Room: netpoll. A descriptor of the system that closes with its owner, of whatever kind: what a Unix socket has
// received, or what is on its way to whoever adopts it. No poller knows of it.
//
//   net::owned_descriptor log = conn.receive_descriptor();
//   ::write(log.get(), "hello\n", 6);

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Move-only. A plain value: nothing here parks, and all of it may be called anywhere. Two threads that use one at the
// same time are the caller's affair.
class owned_descriptor {
 public:
  constexpr owned_descriptor() noexcept = default;
  // Takes over `fd`; -1 is none.
  constexpr explicit owned_descriptor(int fd) noexcept : fd_(fd) {}
  constexpr owned_descriptor(owned_descriptor&& other) noexcept : fd_(other.release()) {}
  owned_descriptor& operator=(owned_descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~owned_descriptor() { reset(); }

  // -1 if it owns none.
  [[nodiscard]] constexpr int get() const noexcept { return fd_; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return fd_ >= 0; }

  // From now on the caller's to close.
  [[nodiscard]] constexpr int release() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

  // Closes what it owns, and takes over `fd`.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace weft::net

#pragma GCC visibility pop
