// Room: runtime. See process_defaults.hpp. Processors and scheduling of another thread are not to be had by number
// here: a helper keeps what it inherits.

#include "process_defaults.hpp"

#include <cfenv>

namespace weft::detail {

void take_default_float_environment() noexcept { std::fesetenv(FE_DFL_ENV); }

void take_processors_and_scheduling_of_main_thread() noexcept {}

}  // namespace weft::detail
