#pragma once
// Room: runtime. What one fiber was doing when a dump looked at it. It owns the look, which holds a parked fiber still;
// what is made of it, fiber_groups.hpp and lock_cycles.hpp.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fiber_label.hpp"

namespace weft::detail {

struct fiber_block;

struct fiber_sight {
  enum class state : std::uint8_t {
    running,
    ready,
    not_begun,  // ready for its first turn
    parked,
  };
  static constexpr std::size_t k_most_frames = 64;

  fiber_label::copy label;
  state is = state::ready;
  unsigned worker = 0;                  // running: on which
  const char* waits_for = nullptr;      // parked: what for; ready: what it was woken from
  std::optional<std::int64_t> age;      // parked: for how long, in nanoseconds
  std::optional<unsigned> pinned_to;    //
  bool has_own_thread = false;          // ... and nobody else runs there
  const void* lock = nullptr;           // parked: the lock that it waits for
  bool is_holder_known = false;         // ... and who holds it
  std::optional<fiber_label::copy> by;  // ... none: a plain thread
  std::array<const void*, k_most_frames> frames;
  std::size_t frame_count = 0;

  [[nodiscard]] std::span<const void* const> trace() const noexcept { return {frames.data(), frame_count}; }
};

// Who runs on which worker, to be asked before the fibers are looked at.
struct running_fiber {
  const fiber_block* fiber;
  unsigned worker;
};
[[nodiscard]] std::vector<running_fiber> all_running();

// One that "Looking at the ready" (ready_look.hpp) has in hand.
[[nodiscard]] std::optional<fiber_sight> look_at_ready_one(fiber_block& fiber);
// None: there is no fiber here, or it is beginning or ending just now.
[[nodiscard]] std::optional<fiber_sight> look_at(fiber_block& fiber, std::span<const running_fiber> running);

}  // namespace weft::detail
