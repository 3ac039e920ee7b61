#pragma once
// Room: runtime. What the process consists of right now: process -> threads -> (loop or none) -> fibers. A picture
// taken while everything goes on: each line is true of some moment close by, the whole is of no single one. Does not
// park; costs a walk over all control blocks.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <weft/runtime/fiber_id.hpp>

namespace weft {

enum class fiber_state { ready, running, parked };
enum class thread_role { worker, netpoller, blocking_helper, plain };

[[nodiscard]] const char* to_string(fiber_state state) noexcept;
[[nodiscard]] const char* to_string(thread_role role) noexcept;

struct fiber_info {
  fiber_id id;
  std::string name;
  fiber_state state;
  std::string waits_for;             // parked: what for, such as "channel receive"
  std::chrono::nanoseconds since{};  // parked: for how long, to within some microseconds
  std::string spawned_at;
};

struct thread_info {
  int tid;
  std::string name;
  thread_role role;
  std::string loop;  // "scheduler", "netpoller", or empty: a thread without a loop
  fiber_id running;  // a worker's, if it runs one
};

struct process_snapshot {
  int pid = 0;
  std::vector<thread_info> threads;
  std::vector<fiber_info> fibers;

  [[nodiscard]] std::size_t count(fiber_state state) const noexcept;
};

[[nodiscard]] process_snapshot snapshot();

}  // namespace weft
