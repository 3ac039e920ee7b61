// Room: netpoll. See descriptor_block.hpp.

#include <system_error>

#include "descriptor_block.hpp"

namespace weft::net::detail {

constinit descriptor_table descriptors;

descriptor_block* descriptor_table::take() {
  const weft::detail::internal_guard guard(lock_);
  descriptor_block* block = free_;
  if (block != nullptr) {
    free_ = block->link;
  } else {
    if (used_ == k_max_descriptors) throw std::system_error(make_error_code(std::errc::too_many_files_open_in_system));
    std::atomic<descriptor_block*>& chunk = chunks_[used_ / k_chunk_size];
    // relaxed: written under this lock alone. release: the blocks are made; pairs with the acquire of find.
    if (chunk.load(std::memory_order_relaxed) == nullptr)
      chunk.store(new descriptor_block[k_chunk_size], std::memory_order_release);
    block = find(used_);
    block->key.store(used_++, std::memory_order_relaxed);  // relaxed: as below
  }
  // One generation more. relaxed: a stale event that still sees the old key is stale either way.
  const std::uint64_t key = block->key.load(std::memory_order_relaxed) + (std::uint64_t{1} << k_index_bits);
  block->key.store(key, std::memory_order_relaxed);
  return block;
}

void descriptor_table::give_back(descriptor_block* block) noexcept {
  const weft::detail::internal_guard guard(lock_);
  block->link = free_;
  free_ = block;
}

descriptor_block* descriptor_table::find(std::uint64_t key) const noexcept {
  const auto index = static_cast<std::uint32_t>(key) & k_max_descriptors;
  // acquire: sees the blocks made; pairs with the release in take.
  descriptor_block* const chunk = chunks_[index / k_chunk_size].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : chunk + index % k_chunk_size;
}

}  // namespace weft::net::detail
