#pragma once
// Room: runtime. A call that may really block its thread, as for blocking.hpp, and that nobody has to wait for to its
// end: one that owns all that it uses. For lookups.

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class abandonable_call {
 public:
  virtual ~abandonable_call() = default;
  // On a helper thread. What it finds, it keeps.
  virtual void run() noexcept = 0;

 protected:
  abandonable_call() noexcept = default;
  abandonable_call(const abandonable_call&) = delete;
  abandonable_call& operator=(const abandonable_call&) = delete;
};

// So many calls may be left behind while they still run, in a process: whoever is about to make one asks, and refuses
// it in words of its own.
inline constexpr int k_most_abandoned_calls = 256;
[[nodiscard]] bool is_full_of_abandoned_calls() noexcept;

// Inside a fiber. Runs the call while that is parked, and brings it back when it has run. A cancellation point to the
// end: throws weft::cancelled or weft::timed_out, as every wait does. null: `until` has come first. In all three cases
// the call runs on by itself, or, if it has not begun, never; nobody waits for it then, not the end of the runtime
// either. Throws std::system_error: no thread to run it on.
[[nodiscard]] std::unique_ptr<abandonable_call> run_abandonable(std::unique_ptr<abandonable_call> call, deadline until,
                                                                wait_label label);

}  // namespace weft::detail

#pragma GCC visibility pop
