// Room: runtime. See fiber_id.hpp.

#include <weft/runtime/fiber_id.hpp>

#include <ostream>

namespace weft {

std::ostream& operator<<(std::ostream& out, fiber_id id) { return out << '#' << id.number(); }

}  // namespace weft
