// Room: runtime. See detail/asymmetric_fence.hpp. No call of these systems makes the other processors pass a fence.
// Each thread passes its own.

#include <weft/runtime/detail/asymmetric_fence.hpp>

#include <atomic>

namespace weft::detail {

bool register_heavy_fence() noexcept { return false; }

// seq_cst: nobody relies on it, since nobody could register.
void heavy_fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace weft::detail
