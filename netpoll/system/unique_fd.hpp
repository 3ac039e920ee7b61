#pragma once
// Room: netpoll. A descriptor of the system that no block owns yet.

#include <utility>

#include "syscalls.hpp"

namespace weft::net::detail {

class unique_fd {
 public:
  constexpr unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~unique_fd() {
    if (fd_ >= 0) close_descriptor(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace weft::net::detail
