// Room: netpoll. See chunk.hpp.

#include <weft/netpoll/chunk.hpp>

#include <utility>

#include "buffer_pool.hpp"

namespace weft::net {

chunk& chunk::operator=(chunk&& from) noexcept {
  buffer_ = std::move(from.buffer_);
  data_ = from.data_;
  size_ = std::exchange(from.size_, 0);
  return *this;
}

namespace detail {

static_assert(chunk::max_size() == buffer_pool::k_buffer_size);

lent_buffer& lent_buffer::operator=(lent_buffer&& from) noexcept {
  std::byte* const data = std::exchange(from.data_, nullptr);
  if (data_ != nullptr) give_back();
  data_ = data;
  return *this;
}

void lent_buffer::give_back() noexcept { chunk_buffers.give_back(data_); }

lent_buffer borrow_buffer(std::error_code& ec) noexcept {
  lent_buffer buffer(chunk_buffers.take());
  ec = buffer == nullptr ? std::make_error_code(std::errc::not_enough_memory) : std::error_code();
  return buffer;
}

}  // namespace detail

}  // namespace weft::net
