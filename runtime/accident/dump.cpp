// Room: runtime. See dump.hpp. One fiber after another is looked at, and written once it has been let go.

#include <weft/runtime/dump.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "describe.hpp"
#include "registry.hpp"
#include "scheduler.hpp"
#include "stack_walk.hpp"
#include "symbols.hpp"
#include "unparking.hpp"

namespace weft {

namespace {

using detail::fiber_block;
using detail::fiber_label;
using detail::wait_state;

struct running_fiber {
  const fiber_block* fiber;
  unsigned worker;
};

// What a fiber was doing when it was looked at.
struct sight {
  static constexpr std::size_t k_most_frames = 64;

  fiber_label::copy label;
  wait_state state = wait_state::running;
  const char* waits_for = nullptr;
  double seconds = -1;  // -1: not known
  std::optional<unsigned> pinned_to;
  std::array<const void*, k_most_frames> frames;
  std::size_t frame_count = 0;
};

// The fiber is held still: it is parked, and neither it nor its runtime can end. (To the race detector its stack and
// its registers belong to another context of the same thread.)
WEFT_NO_TSAN void look_at_parked(fiber_block& fiber, sight& to) noexcept {
  // relaxed: constant while the fiber lives.
  const detail::scheduler& home = *fiber.home.load(std::memory_order_relaxed);
  const char* const waits_for = fiber.waits_for;
  if (waits_for != nullptr) {
    to.waits_for = waits_for;
    to.seconds = static_cast<double>(std::max<std::int64_t>(0, home.now().nanoseconds() - fiber.waits_since)) / 1e9;
  }
  to.frame_count = detail::walk_parked(fiber.registers, fiber.on, to.frames);
}

// False: there is no fiber here, or it is beginning or ending just now.
bool look_at(fiber_block& fiber, sight& to) noexcept {
  if (!fiber.lives()) return false;
  const bool held = detail::hold_still(fiber);
  to.state = held ? wait_state::parked : fiber.word.state();
  const bool named = fiber.label.read(to.label);
  to.pinned_to = fiber.worker_pinned_to();
  if (held) {
    look_at_parked(fiber, to);
    detail::let_go(fiber);
  }
  return named;
}

std::string state_of(const sight& seen, const fiber_block& fiber, const std::vector<running_fiber>& running) {
  if (seen.state == wait_state::parked) {
    std::array<char, 48> since{};
    if (seen.seconds >= 0) std::snprintf(since.data(), since.size(), " for %.3f s", seen.seconds);
    return std::string("parked") + since.data() + (seen.waits_for != nullptr ? ": " : "") +
           (seen.waits_for != nullptr ? seen.waits_for : "");
  }
  const auto on = std::find_if(running.begin(), running.end(), [&](const auto& r) { return r.fiber == &fiber; });
  return on != running.end() ? "running on worker " + std::to_string(on->worker) : "ready";
}

std::string pin_of(const sight& seen) {
  return seen.pinned_to ? ", pinned to worker " + std::to_string(*seen.pinned_to) : "";
}

std::vector<running_fiber> all_running() {
  std::vector<running_fiber> running;
  detail::for_each_runtime([&](detail::scheduler& home) {
    for (const auto& each : home.seats.all())
      if (const fiber_block* const fiber = each->current()) running.push_back({fiber, each->index});
  });
  return running;
}

}  // namespace

void dump(std::ostream& out) {
  const std::vector<running_fiber> running = all_running();
  std::size_t count = 0;
  detail::fiber_slab().for_each([&](const fiber_block& fiber) { count += fiber.lives() ? 1 : 0; });
  out << "weft: " << count << (count == 1 ? " fiber\n" : " fibers\n");
  detail::fiber_slab().for_each([&](fiber_block& fiber) {
    sight seen;
    if (!look_at(fiber, seen)) return;
    out << detail::describe(seen.label) << ": " << state_of(seen, fiber, running) << pin_of(seen) << '\n';
    for (std::size_t i = 0; i < seen.frame_count; ++i)
      out << "    " << detail::describe_return_address(seen.frames[i]) << '\n';
  });
  out.flush();
}

}  // namespace weft
