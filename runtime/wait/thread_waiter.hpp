#pragma once
// Room: runtime. A plain thread as a waiter: it sleeps on a futex word of its own.

#include <atomic>
#include <cstdint>

#include "relaxed.hpp"
#include "slab.hpp"
#include "waiter.hpp"

namespace weft::detail {

struct thread_waiter : waiter {
  thread_waiter() noexcept : waiter(waiter_kind::thread) {}

  // 1 once the wait that was claimed is over; the thread itself resets it.
  std::atomic<std::uint32_t> signal{0};
  relaxed<bool> waits_for_ever{false};  // the wait has no deadline; published by its parking
  thread_waiter* link = nullptr;        // in the slab's list of free blocks

  // By the thread itself.
  wake_reason park(std::uint64_t generation, deadline until) noexcept;
  // By the winner of the wait.
  void make_ready() noexcept;
};

// Every thread that has ever waited. Never destroyed: a late waker may still look at a thread that has ended.
[[nodiscard]] slab<thread_waiter>& thread_slab() noexcept;

}  // namespace weft::detail
