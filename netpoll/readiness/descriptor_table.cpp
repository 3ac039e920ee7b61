// Room: netpoll. See descriptor_block.hpp.

#include <new>
#include <system_error>

#include "descriptor_block.hpp"
#include "memory_calls.hpp"

namespace weft::net::detail {

constinit descriptor_table descriptors;

// Pages of the system's, in which a block is made when it is first taken: what was never used is not in memory, and
// libc's allocator would lose some of it to the alignment. All zero until then, a key that names nobody.
void descriptor_table::map_chunk(std::atomic<descriptor_block*>& chunk) {
  std::byte* const pages = map_memory(k_chunk_size * sizeof(descriptor_block));
  if (pages == nullptr) throw std::system_error(make_error_code(std::errc::not_enough_memory));
  // release: the pages are there; pairs with the acquire of find.
  chunk.store(reinterpret_cast<descriptor_block*>(pages), std::memory_order_release);
}

descriptor_block* descriptor_table::make_one() {
  if (used_ == k_max_descriptors) throw std::system_error(make_error_code(std::errc::too_many_files_open_in_system));
  std::atomic<descriptor_block*>& chunk = chunks_[used_ / k_chunk_size];
  if (chunk.load(std::memory_order_relaxed) == nullptr) map_chunk(chunk);  // relaxed: written under this lock alone
  auto* const block = new (find(used_)) descriptor_block;
  block->key.store(used_++, std::memory_order_relaxed);  // relaxed: as below
  // release: the block is made, for who is brought its key by an event; pairs with the acquire of find.
  chunk.store(chunk.load(std::memory_order_relaxed), std::memory_order_release);
  return block;
}

descriptor_block* descriptor_table::take() {
  const weft::detail::internal_guard guard(lock_);
  descriptor_block* block = free_;
  if (block != nullptr)
    free_ = block->link;
  else
    block = make_one();
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
  // acquire: sees the pages, and each block that a key names; pairs with the releases in map_chunk and make_one.
  descriptor_block* const chunk = chunks_[index / k_chunk_size].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : chunk + index % k_chunk_size;
}

}  // namespace weft::net::detail
