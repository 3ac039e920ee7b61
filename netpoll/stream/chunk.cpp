// Room: netpoll. See chunk.hpp.

#include <weft/netpoll/chunk.hpp>

#include "buffer_pool.hpp"

namespace weft::net::detail {

static_assert(chunk::max_size() == buffer_pool::k_buffer_size);

void return_buffer::operator()(std::byte* buffer) const noexcept { chunk_buffers.give_back(buffer); }

lent_buffer borrow_buffer(std::error_code& ec) noexcept {
  lent_buffer buffer(chunk_buffers.take());
  ec = buffer == nullptr ? std::make_error_code(std::errc::not_enough_memory) : std::error_code();
  return buffer;
}

}  // namespace weft::net::detail
