#pragma once
// Room: runtime. Where a simulation (simulate.hpp) may let another fiber run. Outside of one a scheduling point is one
// relaxed load and a branch that is predicted; inside, the caller and all who are ready are candidates.
//
// Every operation of weft that other fibers can notice calls one:
//   first       in each operation, before its effect and before any lock: scheduling_point(). An operation that begins
//               with switch_point, cancellation_point or cancellable_self (cancellation.hpp) has it already, for
//               nothing: a simulated fiber's budget of operations is always spent
//   and last    in one that may let others go on (unlock, notify, send, close, done, release, go): they may overtake
//               the caller's next step. `const scheduling_points around;` in its first line is both, for a load and
//               two tests. Where that is too much, as mutex::unlock: is_anything_simulated() chooses between the
//               plain body and one that has a point on either side
// What nobody but the caller can notice has none: a fiber_local, shield, the beginning of a time limit, a further level
// of a recursive mutex, a mere look such as is_set(). The end of a fiber has one.
// Never under an internal lock, nor between claiming a wait and its unpark: one thread runs all fibers, and whoever
// comes for that lock would sleep for ever. Good in destructors and noexcept functions: it switches and does nothing
// else.
// Next: simulate.hpp; runtime/simulate/simulation.hpp, which chooses.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <atomic>
#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

// How many simulations run in this process.
extern std::atomic<std::uint32_t> g_simulations;

[[nodiscard]] inline bool is_anything_simulated() noexcept {
  // relaxed: a simulated fiber is on the thread that counted its simulation in; to all others either answer is right.
  return g_simulations.load(std::memory_order_relaxed) != 0;
}

// Nothing for whoever is no simulated fiber.
void let_simulation_choose() noexcept;

inline void scheduling_point() noexcept {
  if (is_anything_simulated()) [[unlikely]]
    let_simulation_choose();
}

// One where it begins to live, one where it ends.
class scheduling_points {
 public:
  scheduling_points() noexcept : simulated_(is_anything_simulated()) {
    if (simulated_) [[unlikely]]
      let_simulation_choose();
  }
  ~scheduling_points() {
    if (simulated_) [[unlikely]]
      let_simulation_choose();
  }
  scheduling_points(const scheduling_points&) = delete;
  scheduling_points& operator=(const scheduling_points&) = delete;

 private:
  const bool simulated_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
