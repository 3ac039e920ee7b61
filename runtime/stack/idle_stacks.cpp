// Room: runtime. See idle_stacks.hpp.

#include "idle_stacks.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/idle_memory.hpp>

#include "stack_pool.hpp"

namespace weft::detail {

namespace {

// Filled from the front; what is there stays.
constinit std::array<std::atomic<idle_memory*>, k_most_idle_memories> g_kinds{};

template <class F>
void for_each_kind(F f) {
  for (auto& each : g_kinds) {
    // acquire: the kind is whole; pairs with the release of keep_idle_memory.
    idle_memory* const kind = each.load(std::memory_order_acquire);
    if (kind == nullptr) return;
    f(*kind);
  }
}

}  // namespace

void keep_idle_memory(idle_memory& kind) noexcept {
  for (auto& each : g_kinds) {
    idle_memory* none = nullptr;
    // release: pairs with the acquire of for_each_kind. relaxed: somebody else's place.
    if (each.compare_exchange_strong(none, &kind, std::memory_order_release, std::memory_order_relaxed)) return;
  }
  WEFT_CHECK(false, "more kinds of idle memory than there are places", k_most_idle_memories);
}

namespace idle_stacks {

namespace {

constexpr std::size_t k_kept_of_each_size = 64;
constexpr std::size_t k_at_once = 256;  // some 0.3 ms

// Any thread; the busy one's to write. Seen late it costs a tick.
constinit std::atomic<std::int64_t> g_next_ns{0};

// What follows belongs to who set it.
constinit std::atomic<bool> g_busy{false};
constinit std::int64_t g_period_ends_ns = 0;
constinit std::array<std::size_t, stack_pool::k_sizes> g_due{};

std::size_t part_to_give_back(std::size_t idle) noexcept {
  return idle <= k_kept_of_each_size ? 0 : (idle - k_kept_of_each_size + 1) / 2;
}

void end_period() noexcept {
  auto due = g_due.begin();
  stack_pool::for_each([&](stack_pool& pool) { *due++ = part_to_give_back(pool.end_period()); });
  for_each_kind([](idle_memory& kind) { kind.due = part_to_give_back(kind.end_period()); });
}

// False: nothing is due any more.
bool give_back_due() noexcept {
  std::size_t room = k_at_once;
  std::size_t left = 0;
  const auto cool = [&](auto& pool, std::size_t& due) {
    const std::size_t wanted = std::min(due, room);
    const std::size_t cooled = pool.cool(wanted, nullptr);
    room -= cooled;
    due = cooled < wanted ? 0 : due - cooled;  // the rest was needed after all
    left += due;
  };
  auto due = g_due.begin();
  stack_pool::for_each([&](stack_pool& pool) { cool(pool, *due++); });
  for_each_kind([&](idle_memory& kind) { cool(kind, kind.due); });
  return left != 0;
}

bool is_anything_left() noexcept {
  bool found = false;
  const auto look = [&](auto& pool) { found |= pool.warm() > k_kept_of_each_size; };
  stack_pool::for_each(look);
  for_each_kind(look);
  return found;
}

}  // namespace

constinit std::atomic<std::int64_t> period_ns{1'000'000'000};

void give_back_some(deadline now) noexcept {
  const std::int64_t at = now.nanoseconds();
  if (at < g_next_ns.load(std::memory_order_relaxed)) return;  // relaxed: a hint
  // acquire: what the last one left; pairs with the release below.
  if (g_busy.exchange(true, std::memory_order_acquire)) return;
  if (at >= g_period_ends_ns) {
    g_period_ends_ns = at + period_ns.load(std::memory_order_relaxed);  // relaxed: a setting
    end_period();
  }
  g_next_ns.store(give_back_due() ? at : g_period_ends_ns, std::memory_order_relaxed);  // relaxed: a hint
  g_busy.store(false, std::memory_order_release);  // release: pairs with the acquire above
}

deadline wanted_again() noexcept {
  if (!is_anything_left()) return deadline::never();
  return deadline::from_nanoseconds(g_next_ns.load(std::memory_order_relaxed));  // relaxed: a hint
}

std::size_t give_back_all() noexcept {
  std::size_t bytes = 0;
  const auto cool = [&](auto& pool) {
    // No more than lay there at first: others may give some back meanwhile, for ever.
    for (std::size_t left = pool.warm(); left != 0;) {
      const std::size_t cooled = pool.cool(left, &bytes);
      if (cooled == 0) break;
      left -= cooled;
    }
  };
  stack_pool::for_each(cool);
  for_each_kind(cool);
  return bytes;
}

}  // namespace idle_stacks

}  // namespace weft::detail
