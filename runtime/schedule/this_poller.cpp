// Room: runtime. The poller of the calling fiber's runtime, and who has none: see poller.hpp.

#include <weft/runtime/poller.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include <weft/runtime/detail/scheduling_point.hpp>

#include "fiber_block.hpp"
#include "scheduler.hpp"
#include "this_worker.hpp"

namespace weft {

void detail::require_poller(const char* call) {
  require_fiber(call);
  if (is_anything_simulated() && this_fiber_block()->simulated) [[unlikely]]
    refuse_in_simulation(call);
}

void detail::refuse_in_simulation(const char* call) {
  throw std::logic_error(std::string("weft: ") + call +
                         " inside a simulation: no seed replays what lies outside of it; simulate what comes and goes "
                         "there with channels");
}

detail::poller& detail::this_poller(std::unique_ptr<poller> (*make)()) {
  require_poller("net");
  return this_worker()->home().install(make);
}

}  // namespace weft
