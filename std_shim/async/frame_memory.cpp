// Room: async. See detail/frame_memory.hpp.

#include <weft/async/detail/frame_memory.hpp>

#include <new>

namespace weft::detail {

void* frame_memory::allocate(std::size_t bytes, std::size_t alignment) {
  // acquire: the last one's use of the block is over; pairs with deallocate().
  if (bytes <= k_bytes && alignment <= alignof(std::max_align_t) &&
      !is_taken_.exchange(true, std::memory_order_acquire)) {
    if (frame_.refer()) return bytes_;
    is_taken_.store(false, std::memory_order_relaxed);  // relaxed: it was not used
  }
  return ::operator new(bytes, std::align_val_t(alignment));
}

void frame_memory::deallocate(void* block, std::size_t alignment) noexcept {
  if (block != bytes_) return ::operator delete(block, std::align_val_t(alignment));
  // release: pairs with allocate().
  is_taken_.store(false, std::memory_order_release);
  frame_.let_go();
}

}  // namespace weft::detail
