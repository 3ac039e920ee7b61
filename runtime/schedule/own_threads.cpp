// Room: runtime. See own_threads.hpp.

#include "own_threads.hpp"

#include <atomic>

namespace weft::detail {

namespace {

// Any thread.
constinit std::atomic<std::uint64_t> g_own_threads{0};
constinit std::atomic<std::uint32_t> g_outside_calls{0};

}  // namespace

// acq_rel, both: in the order of the threads' lives; pairs with own_threads().
own_thread::own_thread() noexcept { g_own_threads.fetch_add(k_one_change + 1, std::memory_order_acq_rel); }
own_thread::~own_thread() { g_own_threads.fetch_add(k_one_change - 1, std::memory_order_acq_rel); }

// relaxed, both: published by the fiber's parking, and ended by its running.
outside_call::outside_call() noexcept { g_outside_calls.fetch_add(1, std::memory_order_relaxed); }
outside_call::~outside_call() { g_outside_calls.fetch_sub(1, std::memory_order_relaxed); }

// acquire: not after the system call that follows; pairs with the changes above.
std::uint64_t own_threads() noexcept { return g_own_threads.load(std::memory_order_acquire); }

// relaxed: see the declaration.
bool is_any_call_outside() noexcept { return g_outside_calls.load(std::memory_order_relaxed) != 0; }

}  // namespace weft::detail
