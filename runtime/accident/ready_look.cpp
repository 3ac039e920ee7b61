// Room: runtime. See ready_look.hpp.

#include "ready_look.hpp"

#include <atomic>
#include <cstdint>
#include <limits>

#include <weft/runtime/deadline.hpp>

#include "scheduler.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

using look = std::function<void(fiber_block&)>;

// What was taken, oldest first, linked; whatever is left is put back (L3) as it goes.
class hand {
 public:
  hand(scheduler& home, fiber_block* oldest) noexcept : home_(home), oldest_(oldest) {}
  ~hand() {
    while (oldest_ != nullptr) put_back_oldest();
  }
  hand(const hand&) = delete;
  hand& operator=(const hand&) = delete;

  [[nodiscard]] fiber_block* oldest() const noexcept { return oldest_; }
  void put_back_oldest() noexcept {
    fiber_block* const fiber = oldest_;
    oldest_ = fiber->link;
    home_.make_ready_from_outside(fiber);
  }

 private:
  scheduler& home_;
  fiber_block* oldest_;
};

void look_at_each(hand taken, const look& look_at) {
  for (; fiber_block* const fiber = taken.oldest(); taken.put_back_oldest())
    if (fiber->life.load(std::memory_order_relaxed) == fiber_life::started) look_at(*fiber);  // relaxed: ours now
}

void look_at_one(scheduler& home, fiber_block* taken, const look& look_at) {
  taken->link = nullptr;
  look_at_each(hand(home, taken), look_at);
}

fiber_block* reversed(fiber_block* newest) noexcept {
  fiber_block* oldest = nullptr;
  while (newest != nullptr) {
    fiber_block* const older = newest->link;
    newest->link = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

void look_through_inject(scheduler& home, const look& look_at) {
  fiber_block* fiber = nullptr;
  for (std::size_t left = home.inject.begun(); left != 0 && home.inject.take_begun(&fiber, 1) != 0; --left)
    look_at_one(home, fiber, look_at);
}

void look_through_worker(scheduler& home, worker& of, const look& look_at) {
  for (std::uint32_t left = of.surplus(); left != 0; --left) {
    fiber_block* const fiber = of.steal_oldest();
    if (fiber == nullptr) break;
    look_at_one(home, fiber, look_at);
  }
  if (fiber_block* const fiber = of.steal_next()) look_at_one(home, fiber, look_at);
  look_at_each(hand(home, reversed(of.take_arrived())), look_at);
}

}  // namespace

bool may_look_at_ready() noexcept {
  constexpr std::int64_t k_distance_ns = 5'000'000;
  static constinit std::atomic<std::int64_t> last_ns{std::numeric_limits<std::int64_t>::min() / 2};
  const std::int64_t now = deadline::at(deadline::clock::now()).nanoseconds();
  std::int64_t last = last_ns.load(std::memory_order_relaxed);  // relaxed, both: a distance in time, and no order
  return now - last >= k_distance_ns && last_ns.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

void look_at_ready(scheduler& home, const std::function<void(fiber_block&)>& look_at) {
  const worker* const from = this_worker();
  const bool looks_out_of_a_simulation = from != nullptr && from->home().is_simulated();
  if (home.is_simulated() || looks_out_of_a_simulation || home.is_of_parent()) return;
  look_through_inject(home, look_at);
  for (const auto& each : home.seats.all()) look_through_worker(home, *each, look_at);
}

}  // namespace weft::detail
