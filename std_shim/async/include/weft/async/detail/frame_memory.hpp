#pragma once
// Room: async. Memory for what Asio allocates for one operation, on the frame of the fiber that waits for it. One block
// at a time, if it is small enough; what is larger, or comes beside it, is the heap's.
//
// Asio frees an operation's memory before it calls the handler. Who frees it later is waited for all the same: a block
// of the frame is a reference to it ("Bringing", pending_result.hpp).

#include <atomic>
#include <cstddef>

#include <weft/async/detail/pending_result.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class frame_memory {
 public:
  static constexpr std::size_t k_bytes = 384;

  explicit frame_memory(pending_result& frame) noexcept : frame_(frame) {}
  frame_memory(const frame_memory&) = delete;
  frame_memory& operator=(const frame_memory&) = delete;

  // Any thread.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment);
  void deallocate(void* block, std::size_t alignment) noexcept;

 private:
  pending_result& frame_;
  std::atomic<bool> is_taken_{false};
  alignas(std::max_align_t) std::byte bytes_[k_bytes];
};

template <class T>
class frame_allocator {
 public:
  using value_type = T;

  explicit frame_allocator(frame_memory& from) noexcept : from_(&from) {}
  template <class U>
  frame_allocator(const frame_allocator<U>& other) noexcept : from_(other.from_) {}  // NOLINT: as allocators do

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(from_->allocate(n * sizeof(T), alignof(T))); }
  void deallocate(T* block, std::size_t) noexcept { from_->deallocate(block, alignof(T)); }

  template <class U>
  friend bool operator==(const frame_allocator& a, const frame_allocator<U>& b) noexcept {
    return a.from_ == b.from_;
  }

 private:
  template <class U>
  friend class frame_allocator;

  frame_memory* from_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
