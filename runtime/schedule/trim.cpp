// Room: runtime. See trim.hpp.

#include <weft/runtime/trim.hpp>

#include "idle_stacks.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft {

// The caller's worker has some, too; others bring theirs as they go to sleep.
std::size_t trim() noexcept {
  if (detail::worker* const w = detail::this_worker()) w->stacks.flush();
  return detail::idle_stacks::give_back_all();
}

}  // namespace weft
