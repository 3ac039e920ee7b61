// Room: runtime. See own_threads.hpp.

#include "own_threads.hpp"

#include <atomic>

#include "sanitizers.hpp"
#include "system_thread.hpp"

namespace weft::detail {

namespace {

// Any thread.
constinit std::atomic<std::uint64_t> g_own_threads{0};
constinit std::atomic<std::uint32_t> g_outside_calls{0};

// The race detector's own.
std::uint64_t threads_of_others() noexcept { return has_tsan() ? 1 : 0; }

}  // namespace

// acq_rel, both: in the order of the threads' lives; pairs with own_threads().
own_thread::own_thread() noexcept { g_own_threads.fetch_add(k_one_change + 1, std::memory_order_acq_rel); }
own_thread::~own_thread() { g_own_threads.fetch_add(k_one_change - 1, std::memory_order_acq_rel); }

// relaxed, both: published by the fiber's parking, and ended by its running.
outside_call::outside_call() noexcept { g_outside_calls.fetch_add(1, std::memory_order_relaxed); }
outside_call::~outside_call() { g_outside_calls.fetch_sub(1, std::memory_order_relaxed); }

void forget_own_threads() noexcept {
  // relaxed, both: there is one thread.
  g_own_threads.store(0, std::memory_order_relaxed);
  g_outside_calls.store(0, std::memory_order_relaxed);
}

// acquire: not after the system call that follows; pairs with the changes above.
std::uint64_t own_threads() noexcept { return g_own_threads.load(std::memory_order_acquire); }

// relaxed: see the declaration.
bool is_any_call_outside() noexcept { return g_outside_calls.load(std::memory_order_relaxed) != 0; }

// Ours are counted from their first step to their last, and unchanged around the kernel's count: so all of them are
// in it.
bool all_tasks_are_known(std::uint64_t others) noexcept {
  const std::uint64_t before = own_threads();
  const std::uint64_t tasks = threads_of_process();
  const std::uint64_t after = own_threads();
  return before == after && tasks == before % k_one_change + threads_of_others() + others;
}

}  // namespace weft::detail
