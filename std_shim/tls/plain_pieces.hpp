#pragma once
// Room: tls. What is left to be encrypted of several buffers, cut into pieces that make few records: a head and a body
// that are small leave as one. What is large is encrypted where it lies; small ones are copied together, in a buffer
// that is borrowed for it.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <system_error>

#include <weft/netpoll/chunk.hpp>

namespace weft::tls::detail {

class plain_pieces {
 public:
  using buffer = std::span<const std::byte>;

  // What a record holds at most, and what is encrypted at once and sent by one call: four of them.
  static constexpr std::size_t k_record = net::chunk::max_size();
  static constexpr std::size_t k_piece = 4 * k_record;
  static_assert(k_record == std::size_t{16} * 1024);

  explicit plain_pieces(std::span<const buffer> buffers) noexcept : buffers_(buffers) { skip_empty(); }

  [[nodiscard]] bool empty() const noexcept { return buffers_.empty(); }
  // So many bytes of all were advanced over.
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

  // The same bytes again until something of them is advanced over. An error: no memory; nothing.
  [[nodiscard]] buffer next(std::error_code& ec) noexcept {
    const buffer first = buffers_.front().subspan(begun_);
    const bool is_last = buffers_.size() == 1;
    if (is_last) return first.first(std::min(first.size(), k_piece));
    // In whole records, so that the rest of it can go with what follows.
    if (first.size() >= k_record) return first.first(std::min(first.size() / k_record * k_record, k_piece));
    return joined(ec);
  }

  void advance(std::size_t bytes) noexcept {
    taken_ += bytes;
    begun_ += bytes;
    skip_empty();
  }

 private:
  [[nodiscard]] buffer joined(std::error_code& ec) noexcept {
    if (room_ == nullptr) room_ = net::detail::borrow_buffer(ec);
    if (room_ == nullptr) return {};
    std::size_t size = 0;
    std::size_t skipped = begun_;
    for (const buffer& each : buffers_) {
      const std::size_t count = std::min(each.size() - skipped, k_record - size);
      if (count != 0) std::memcpy(room_.get() + size, each.data() + skipped, count);
      size += count;
      skipped = 0;
    }
    return {room_.get(), size};
  }

  void skip_empty() noexcept {
    while (!buffers_.empty() && begun_ >= buffers_.front().size()) {
      begun_ -= buffers_.front().size();
      buffers_ = buffers_.subspan(1);
    }
  }

  std::span<const buffer> buffers_;
  std::size_t begun_ = 0;  // of the first of them
  std::size_t taken_ = 0;
  net::detail::lent_buffer room_;
};

}  // namespace weft::tls::detail
