#pragma once
// Room: runtime. What every wake asks while anything is simulated. It stands here because threads that park are woken
// here; who knows is simulation.cpp, above.

namespace weft::detail {

class scheduler;

// Ends the process with a message if a wake goes into a simulation, or comes out of one. `home` is the runtime of the
// fiber that is woken; null: a plain thread is.
void check_wake_stays_inside(const scheduler* home) noexcept;

}  // namespace weft::detail
