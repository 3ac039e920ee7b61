#pragma once
// Room: netpoll. How many wait for readiness, in the whole process: a hint for workers, whether a look into the poller
// is worth a system call. Kept in shards, each on a cache line of its own, or all workers would write one line for each
// wait. The process's and not the poller's, because a wait may outlive the poller of a descriptor that another runtime
// opened.

#include <atomic>
#include <cstdint>

namespace weft::net::detail {

class waiting_count {
 public:
  constexpr waiting_count() noexcept = default;

  // relaxed, all: counters, and a hint.
  void add(std::uint32_t who) noexcept { of(who).fetch_add(1, std::memory_order_relaxed); }
  void subtract(std::uint32_t who) noexcept { of(who).fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] bool is_any() const noexcept {
    for (const shard& each : shards_)
      // relaxed: a hint.
      if (each.count.load(std::memory_order_relaxed) != 0) return true;  // relaxed: a hint
    return false;
  }

 private:
  struct alignas(64) shard {
    std::atomic<std::uint32_t> count{0};
  };

  [[nodiscard]] std::atomic<std::uint32_t>& of(std::uint32_t who) noexcept { return shards_[who % k_shards].count; }

  static constexpr std::uint32_t k_shards = 16;
  shard shards_[k_shards];
};

extern constinit waiting_count waiting_for_readiness;

}  // namespace weft::net::detail
