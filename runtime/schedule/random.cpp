// Room: runtime. See detail/random.hpp.

#include <weft/runtime/detail/random.hpp>

#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

std::uint64_t random_u64() noexcept {
  worker* const w = this_worker();
  return w != nullptr ? w->random() : random_of_this_thread();
}

// The high half of a product: a bias of n / 2^32, which no select will notice.
std::uint32_t random_below(std::uint32_t n) noexcept {
  return static_cast<std::uint32_t>(((random_u64() >> 32) * n) >> 32);
}

}  // namespace weft::detail
