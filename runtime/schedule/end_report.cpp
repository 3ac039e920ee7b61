// Room: runtime. See end_report.hpp.

#include "end_report.hpp"

#include <algorithm>

#include "describe.hpp"
#include "quantity_text.hpp"
#include "scheduler.hpp"
#include "unparking.hpp"

namespace weft::detail {

namespace {

constexpr int k_most_named = 10;

// The fiber is held still.
WEFT_NO_TSAN std::string what_parks(const fiber_block& fiber) {
  if (fiber.calls_outside) return "in a blocking call, whose function has to return";
  const char* const label = fiber.waits_for;
  const std::string waits = std::string("waits: ") + (label != nullptr ? label : "parked");
  if (fiber.registers.exceptions.uncaught != 0) return waits + ", in a destructor while an exception unwinds";
  if ((fiber.delivery & ~k_limited) != 0) return waits + ", held back by a shield or in a destructor";
  return waits;
}

std::string what_runs(const scheduler& home, const fiber_block& fiber) {
  const auto& all = home.seats.all();
  const bool runs = std::any_of(all.begin(), all.end(), [&](const auto& w) { return w->current() == &fiber; });
  return runs ? "runs: it computes, or blocks its thread" : "is ready to run";
}

std::string what_it_does(const scheduler& home, fiber_block& fiber) {
  if (!hold_still(fiber)) return what_runs(home, fiber);
  const std::string text = what_parks(fiber);
  let_go(fiber);
  return text;
}

}  // namespace

std::string report_who_is_left(const scheduler& home) {
  std::string text = "weft: the end of the runtime waits for " + count_in_words(home.live_fibers(), "fiber") + ":";
  int named = 0;
  fiber_slab().for_each([&](fiber_block& fiber) {
    // relaxed: a hint, for a message.
    if (fiber.home.load(std::memory_order_relaxed) != &home || !fiber.lives()) return;
    if (++named <= k_most_named) text += "\n  " + describe(fiber) + ": " + what_it_does(home, fiber);
  });
  if (named > k_most_named) text += "\n  and more";
  return text + "\n";
}

}  // namespace weft::detail
