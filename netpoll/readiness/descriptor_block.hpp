#pragma once
// Room: netpoll. What the process keeps for each open descriptor, and how to find it by number. Blocks are type-stable:
// one that was a block once is a block for ever, so an event that comes too late meets a generation and not garbage,
// and the memory outlives every runtime. 128 bytes, for an idle connection holds one: two lines of a cache, of which
// the second one is what a call looks at last.
// Next: use_word.hpp and readiness_word.hpp, the two protocols on it; descriptor.cpp, its life.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/real_env.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "readiness_word.hpp"
#include "turn_queue.hpp"
#include "use_word.hpp"

namespace weft::net::detail {

using readiness = readiness_word<weft::detail::real_env>;
using users = use_word<weft::detail::real_env>;

// What the poller is given with a descriptor: [ generation : 40 ][ index : 24 ].
inline constexpr unsigned k_index_bits = 24;
inline constexpr std::uint32_t k_max_descriptors = (1u << k_index_bits) - 1;  // the last index names nobody

struct alignas(128) descriptor_block {
  // Any thread.
  users use;
  readiness ready[2];                      // by direction
  std::atomic<int> fd{-1};                 // written when nobody else uses the block
  weft::detail::internal_lock queue_lock;  // and who has it watched late
  std::atomic<std::uint64_t> key{0};       // of the present tenant
  std::atomic<const void*> home{nullptr};  // the poller that watches it, as a name; null: none does yet

  turn_queue queues[2] WEFT_GUARDED_BY(queue_lock);  // who waits for a turn, by direction

  // The table's, while it is free.
  descriptor_block* link = nullptr;

  // Any thread.
  std::atomic<int> registry{-1};  // the poller's descriptor, if a shared one has to be taken out of it

  // The holder's of the direction, by direction: how a descriptor_stream tries without blocking (descriptor_calls.hpp).
  std::uint8_t trying[2] = {};

  // Written when nobody else uses the block. Others may have the same open description, so that closing our number does
  // not take it out of the poller.
  bool is_shared = false;
  // ... And no descriptor can come to it: of a Unix stream.
  bool takes_bytes_alone = false;

  // For who uses it, or moves in or out.
  [[nodiscard]] std::uint32_t index() const noexcept {
    return static_cast<std::uint32_t>(key.load(std::memory_order_relaxed)) & k_max_descriptors;  // relaxed: it stays
  }
  [[nodiscard]] readiness& readiness_of(direction d) noexcept { return ready[static_cast<std::size_t>(d)]; }
  [[nodiscard]] turn_queue& queue_of(direction d) noexcept WEFT_REQUIRES(queue_lock) {
    return queues[static_cast<std::size_t>(d)];
  }
};

static_assert(sizeof(descriptor_block) == 128);

// All blocks of the process. Never destroyed.
class descriptor_table {
 public:
  constexpr descriptor_table() noexcept = default;
  descriptor_table(const descriptor_table&) = delete;
  descriptor_table& operator=(const descriptor_table&) = delete;

  // With a new generation in its key. Throws std::system_error: not_enough_memory, too_many_files_open_in_system.
  [[nodiscard]] descriptor_block* take();
  void give_back(descriptor_block* block) noexcept;

  // The block that a key names, or named once; null if it never named one. Compare the key.
  [[nodiscard]] descriptor_block* find(std::uint64_t key) const noexcept;

  // Every block that ever was in use.
  template <class F>
  void for_each(F f) {
    std::uint32_t used = 0;
    {
      const weft::detail::internal_guard guard(lock_);
      used = used_;
    }
    for (std::uint32_t i = 0; i < used; ++i) f(*find(i));
  }

 private:
  [[nodiscard]] descriptor_block* make_one() WEFT_REQUIRES(lock_);
  static void map_chunk(std::atomic<descriptor_block*>& chunk);

  static constexpr std::uint32_t k_chunk_size = 256;
  static constexpr std::uint32_t k_max_chunks = (k_max_descriptors + 1) / k_chunk_size;

  // Any thread. Written once each, under lock_.
  std::array<std::atomic<descriptor_block*>, k_max_chunks> chunks_{};

  weft::detail::internal_lock lock_;
  descriptor_block* free_ WEFT_GUARDED_BY(lock_) = nullptr;
  std::uint32_t used_ WEFT_GUARDED_BY(lock_) = 0;  // blocks from here on were never used
};

extern constinit descriptor_table descriptors;

}  // namespace weft::net::detail
