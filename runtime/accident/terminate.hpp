#pragma once
// Room: runtime. The last words of a fiber: who it was, when its process ends because of it (describe.hpp).

namespace weft::detail {

// From now on std::terminate first names the fiber that it happened on, and what was thrown. Once; chained.
void name_fibers_on_terminate() noexcept;

}  // namespace weft::detail
