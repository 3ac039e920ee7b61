#pragma once
// Room: runtime. Stacks: guarded, coloured, pooled slots of large reservations. A fiber has a permit for one from its
// spawn, and the stack itself only from its first turn to its end; address space is reserved with the permit (so that
// it is the spawner who hears of exhaustion) and pages are committed by the kernel on touch.
//
// One pool for each power-of-two size, for the whole process. What is given back last is given out first: it is hot.
// A permit is a promise: at least as many slots as there are permits and room in magazines ("open") may be out, so
// whoever has a permit finds a slot here, however many hot stacks lie in magazines.
// While the pool is scarce (a permit or a guard was refused a moment ago, or few permits are left) magazines keep
// nothing: they come here for each one, and close. What others may hold then, and so keep from whoever is refused, is
// what is with workers that have neither looked around nor begun, ended or spawned a fiber since, because one fiber
// computes on: at most stack_magazine::k_most_permits permits and k_room slots each. Sleeping workers hold nothing.
// Free stacks keep a few pages for the next fiber; idle_stacks.hpp tells how long. Those without are called cold.
// Next: stack_magazine.hpp, through which workers come; fiber.cpp and switching.cpp, which take and give back.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weft/runtime/detail/internal_lock.hpp>

#include "free_slots.hpp"
#include "relaxed.hpp"
#include "stack_memory.hpp"

namespace weft::detail {

struct stack {
  std::byte* bottom = nullptr;  // lowest usable byte, just above the guard
  std::uint32_t usable = 0;     // at most stack_pool::k_max_size
  std::uint32_t slot = 0;

  [[nodiscard]] void* top() const noexcept { return bottom + usable; }
  explicit operator bool() const noexcept { return bottom != nullptr; }
};

// One size's stacks at a moment, for tests and snapshots.
struct stack_figures {
  std::size_t size = 0;
  std::size_t permits = 0;  // promised to fibers, or in batches with workers
  std::size_t pooled = 0;   // free, not counting what lies in magazines
  std::size_t cold = 0;     // of those, without memory of their own
  std::size_t deepest = 0;  // bytes, of any that is in memory now or was trimmed
};

class stack_pool {
 public:
  static constexpr std::size_t k_min_size = std::size_t{16} << 10;
  static constexpr std::size_t k_max_size = std::size_t{1} << 30;
  static constexpr std::size_t k_sizes = std::bit_width(k_max_size) - std::bit_width(k_min_size) + 1;
  static constexpr std::size_t k_kept = 4 * stack_memory::k_page;  // of a pooled stack; what grew deeper is given back

  // The process's pool for stacks of at least `size` bytes, guard included. Throws std::invalid_argument below
  // k_min_size and beyond k_max_size.
  static stack_pool& for_size(std::size_t size);
  // Every pool of the process, by size.
  template <class F>
  static void for_each(F f) {
    for (std::size_t size = k_min_size; size <= k_max_size; size *= 2) f(for_size(size));
  }

  // Slots of a power of two.
  stack_pool(std::size_t slot_size, guard_method guards) noexcept : slot_size_(slot_size), guards_(guards) {}
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;

  // --- Any thread.
  // Promises for up to `most` more stacks, at least one and fewer when room is short; throws std::system_error (not
  // enough memory) naming the limit.
  std::size_t take_permits(std::size_t most);
  void take_permit() { (void)take_permits(1); }
  // Has address space for the first of them, if it can be had: ahead of those who would use it up.
  void reserve_first() noexcept;
  void return_permits(std::size_t count) noexcept;

  // Up to `most` (used ones, the hottest last; or a single cold or fresh one), by the holder of a permit. 0 if the
  // kernel will not guard one more right now: try again when one is given back, or later.
  [[nodiscard]] std::size_t take(stack* out, std::size_t most) noexcept;
  [[nodiscard]] stack take() noexcept {
    stack one;
    return take(&one, 1) != 0 ? one : stack();
  }
  // With `permits` that end with them, and the room of a magazine that closes. Deep ones are trimmed.
  void give_back(std::span<const stack> used, std::size_t permits, std::size_t closed = 0) noexcept;

  // A magazine that may keep up to `room` free slots. False: not now.
  [[nodiscard]] bool open_magazine(std::size_t room) noexcept;
  // relaxed: a hint, which a magazine follows a moment later.
  [[nodiscard]] bool is_scarce() const noexcept { return scarce_.load(std::memory_order_relaxed) != 0; }

  // --- Whoever gives back what nobody uses: idle_stacks.hpp.
  // How many free ones have memory.
  [[nodiscard]] std::size_t warm() noexcept;
  // A period ends and the next begins: how many free ones had memory all through it, and have it still.
  [[nodiscard]] std::size_t end_period() noexcept;
  // Takes the memory of up to `most` of these, the coldest first; how many. What was in memory is added to `bytes`.
  std::size_t cool(std::size_t most, std::size_t* bytes = nullptr) noexcept;

  // The stack whose lowest usable byte this is.
  [[nodiscard]] stack at(std::byte* bottom, std::uint32_t slot) const noexcept {
    return {.bottom = bottom,
            .usable = static_cast<std::uint32_t>(slot_size_ - guard_size() - colour_of(slot)),
            .slot = slot};
  }
  // How many bytes of it are in memory, from its end down; maybe its last user's. Any thread, also while it is used.
  [[nodiscard]] std::size_t depth_of(std::byte* bottom) const noexcept;
  [[nodiscard]] stack_figures measure();
  // A stack and its size in one word, so that whoever reads it beside the owner has both of one stack; never 0.
  [[nodiscard]] std::uintptr_t mark_of(const stack& of) const noexcept {
    return reinterpret_cast<std::uintptr_t>(of.bottom) | static_cast<std::uintptr_t>(std::countr_zero(slot_size_));
  }
  [[nodiscard]] static std::size_t depth_of_marked(std::uintptr_t mark) noexcept;

  // Of each slot, and of its lower end that faults; both constant, and good for signal handlers.
  [[nodiscard]] std::size_t size() const noexcept { return slot_size_; }
  // Wide guards: a frame of 16 KiB steps over one page unnoticed.
  [[nodiscard]] std::size_t guard_size() const noexcept {
    using stack_memory::k_page;
    if (slot_size_ >= std::size_t{256} << 10) return std::size_t{64} << 10;
    return slot_size_ >= std::size_t{32} << 10 ? std::size_t{16} << 10 : k_page;
  }

  [[nodiscard]] static std::size_t permits_out() noexcept;

 private:
  enum scarcity : std::uint8_t { no_room = 1, no_guard = 2 };
  enum class refusal : std::uint8_t { none, address_space, mappings };

  [[nodiscard]] refusal grant(std::size_t wanted) noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] refusal grant_more() noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] refusal reserve_chunk() noexcept WEFT_REQUIRES(lock_);
  [[noreturn]] void refuse(refusal why) const;
  [[nodiscard]] stack at(std::uint32_t slot) const noexcept WEFT_REQUIRES(lock_);
  [[nodiscard]] bool guard_fresh(const stack& fresh) noexcept;
  void trim(const stack& used) noexcept;
  [[nodiscard]] std::size_t take_to_cool(std::span<stack> out) noexcept;
  void put_cold(std::span<const stack> cooled) noexcept;
  void note_taken() noexcept WEFT_REQUIRES(lock_) { least_warm_ = std::min(least_warm_, used_.size()); }
  [[nodiscard]] static bool is_only_looked_at(const std::byte* page, const std::byte* end) noexcept;
  [[nodiscard]] std::size_t deepest_in(std::byte* base, std::span<const unsigned char> pages) const noexcept;
  void note_depth(std::size_t depth) noexcept;
  void drop_permits(std::size_t count) noexcept WEFT_REQUIRES(lock_);
  void set_scarce(scarcity why) noexcept WEFT_REQUIRES(lock_);
  void clear_scarce(scarcity why) noexcept WEFT_REQUIRES(lock_);

  // Such as main's: address space is taken for one at a time, so that a process with little of it has some left.
  [[nodiscard]] bool is_large() const noexcept { return slot_size_ >= std::size_t{8} << 20; }
  [[nodiscard]] std::size_t chunk_size() const noexcept { return is_large() ? slot_size_ : std::size_t{64} << 20; }
  // Coloured tops: power-of-two slots would otherwise put the hot end of every stack into the same cache sets.
  [[nodiscard]] static std::size_t colour_of(std::uint32_t slot) noexcept { return std::size_t{slot % 32} * 64; }
  [[nodiscard]] std::byte* end_of(std::byte* bottom) const noexcept { return bottom - guard_size() + slot_size_; }
  [[nodiscard]] guard_method guards() const noexcept;

  const std::size_t slot_size_;
  const guard_method guards_;

  // Any thread; written under lock_.
  std::atomic<std::uint8_t> scarce_{0};
  relaxed<std::size_t> permits_{0};
  std::atomic<std::size_t> deepest_{0};

  alignas(64) internal_lock lock_;
  std::size_t open_ WEFT_GUARDED_BY(lock_) = 0;             // room in magazines
  std::size_t reserved_ WEFT_GUARDED_BY(lock_) = 0;         // slots in all chunks; never shrinks
  std::size_t granted_ WEFT_GUARDED_BY(lock_) = 0;          // of those, what may be guarded: the most that may be out
  std::vector<std::byte*> chunks_ WEFT_GUARDED_BY(lock_);   // equal in size, so that a slot's number finds its own
  free_slots used_ WEFT_GUARDED_BY(lock_);                  // free and guarded; has room for every slot reserved
  std::size_t least_warm_ WEFT_GUARDED_BY(lock_) = 0;       // of them in this period
  std::vector<std::uint32_t> cold_ WEFT_GUARDED_BY(lock_);  // free and guarded, their memory given back; likewise
  std::vector<std::uint32_t> bare_ WEFT_GUARDED_BY(lock_);  // free, and their guard was refused; likewise
  std::uint32_t fresh_ WEFT_GUARDED_BY(lock_) = 0;          // slots from here on were never taken
};

}  // namespace weft::detail
