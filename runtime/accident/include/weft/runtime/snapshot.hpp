#pragma once
// Room: runtime. What the process consists of right now: process -> threads -> (loop or none) -> fibers. A picture
// taken while everything goes on: each line is true of some moment close by, the whole is of no single one. Does not
// park; costs a walk over all control blocks, a system call for each fiber, to measure its stack, and another for each
// 64 MiB of stacks that were ever in use: beside 100,000 of them some 0.1 s.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/fiber_id.hpp>

#pragma GCC visibility push(default)

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
  std::size_t stack_used = 0;  // bytes of its stack that are in memory; maybe touched by a fiber that had it before
  std::optional<unsigned> pinned_to;  // the number of the worker that it stays on
  bool has_own_thread = false;        // ... and nobody else runs there (exclusive_thread.hpp)
};

struct thread_info {
  int tid;
  std::string name;
  thread_role role;
  std::string loop;  // "scheduler", "netpoller", or empty: a thread without a loop
  fiber_id running;  // a worker's, if it runs one
};

// The stacks of one size, in the whole process.
struct stack_info {
  std::size_t size;      // bytes, guard included
  std::size_t promised;  // for fibers that live, and a few more in advance
  std::size_t pooled;    // free; a few more are kept by workers
  std::size_t deepest;   // bytes, of any of them: now, or when it was trimmed; what stack_size must not go below
  std::size_t cold;      // of those pooled, whose memory went back to the system (trim.hpp)
};

struct process_snapshot {
  int pid = 0;
  std::vector<thread_info> threads;
  std::vector<fiber_info> fibers;
  std::vector<stack_info> stacks;

  [[nodiscard]] std::size_t count(fiber_state state) const noexcept;
};

[[nodiscard]] process_snapshot snapshot();

}  // namespace weft

#pragma GCC visibility pop
