#pragma once
// Room: runtime. Stacks: guarded, coloured, pooled slots of large reservations. A fiber has a permit for one from its
// spawn, and the stack itself only from its first turn to its end; address space is reserved with the permit (so that
// it is the spawner who hears of exhaustion) and pages are committed by the kernel on touch.
//
// One pool for each power-of-two size, for the whole process. What is given back last is given out first: it is hot.
// Next: fiber.cpp, which takes and gives back.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/runtime/detail/internal_lock.hpp>

namespace weft::detail {

struct stack {
  std::byte* bottom = nullptr;  // lowest usable byte, just above the guard
  std::size_t usable = 0;
  std::uint32_t slot = 0;

  [[nodiscard]] void* top() const noexcept { return bottom + usable; }
  explicit operator bool() const noexcept { return bottom != nullptr; }
};

// How a stack's lower end is guarded.
enum class guard_method : std::uint8_t {
  advice,      // MADV_GUARD_INSTALL, Linux 6.13: splits no mapping, so a million stacks fit in a handful
  protection,  // mprotect: each stack costs two of vm.max_map_count mappings
};

class stack_pool {
 public:
  static constexpr std::size_t k_min_size = std::size_t{16} << 10;
  static constexpr std::size_t k_max_size = std::size_t{1} << 30;

  // The process's pool for stacks of at least `size` bytes, guard included. Throws std::invalid_argument beyond
  // k_max_size.
  static stack_pool& for_size(std::size_t size);

  // Slots of a power of two; at most `most` of them are ever out.
  stack_pool(std::size_t slot_size, guard_method guards, std::size_t most) noexcept
      : slot_size_(slot_size), guards_(guards), most_(most) {}
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;

  // Any thread. Reserves room for one more stack; throws std::system_error (not enough memory) naming the limit.
  void take_permit();
  void return_permit() noexcept;

  // Any thread, by the holder of a permit. Empty if the kernel will not guard one more right now: try again later.
  [[nodiscard]] stack take() noexcept;
  void give_back(const stack& used) noexcept;

  // Figures for tests and snapshots.
  [[nodiscard]] static std::size_t permits_out() noexcept;
  // The best that works here, tried once.
  [[nodiscard]] static guard_method best_guards() noexcept;

 private:
  struct chunk {
    std::byte* base;
    std::uint32_t slots;
  };

  void reserve_chunk() WEFT_REQUIRES(lock_);
  [[nodiscard]] stack at(std::uint32_t slot) const noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] std::size_t guard_size() const noexcept;

  [[nodiscard]] bool install_guard(void* at) const noexcept;

  const std::size_t slot_size_;
  const guard_method guards_;
  const std::size_t most_;

  // Any thread.
  std::atomic<std::size_t> permits_{0};
  std::atomic<std::size_t> reserved_{0};  // slots in all chunks; never shrinks

  internal_lock lock_;
  std::vector<chunk> chunks_ WEFT_GUARDED_BY(lock_);               // equal in size, so that slot / per_chunk finds one
  std::vector<std::uint32_t> used_before_ WEFT_GUARDED_BY(lock_);  // a stack of slots; has room for every slot reserved
  std::uint32_t fresh_ WEFT_GUARDED_BY(lock_) = 0;  // slots from here on were never used and have no guard yet
};

}  // namespace weft::detail
