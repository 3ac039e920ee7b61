// Room: runtime. See fiber_block.hpp.

#include "fiber_block.hpp"

namespace weft::detail {

slab<fiber_block>& fiber_slab() noexcept {
  static auto* const s = new slab<fiber_block>;  // never destroyed: tokens may outlive everything
  return *s;
}

}  // namespace weft::detail
