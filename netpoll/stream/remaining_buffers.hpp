#pragma once
// Room: netpoll. What is left to be written of several buffers, as many of them at a time as one system call takes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace weft::net::detail {

class remaining_buffers {
 public:
  using buffer = std::span<const std::byte>;

  explicit remaining_buffers(std::span<const buffer> buffers) noexcept : buffers_(buffers) { skip_empty(); }

  [[nodiscard]] bool empty() const noexcept { return buffers_.empty(); }

  // Good until the next call of this.
  [[nodiscard]] std::span<const buffer> next() noexcept {
    const std::size_t count = std::min(buffers_.size(), next_.size());
    std::copy_n(buffers_.begin(), count, next_.begin());
    next_[0] = next_[0].subspan(begun_);
    return std::span(next_).first(count);
  }

  // So many bytes, of those that next() gave, are written.
  void advance(std::size_t bytes) noexcept {
    begun_ += bytes;
    skip_empty();
  }

 private:
  void skip_empty() noexcept {
    while (!buffers_.empty() && begun_ >= buffers_.front().size()) {
      begun_ -= buffers_.front().size();
      buffers_ = buffers_.subspan(1);
    }
  }

  std::span<const buffer> buffers_;
  std::size_t begun_ = 0;  // of the first of them
  std::array<buffer, 16> next_;
};

}  // namespace weft::net::detail
