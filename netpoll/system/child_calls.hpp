#pragma once
// Room: netpoll. Children of the process: how one is born, by posix_spawn. How its end is waited for: child_watch.hpp.
// See syscalls.hpp for what all wrappers keep to.

#include <cstdint>
#include <system_error>

#include <sys/types.h>

#include "syscalls.hpp"

namespace weft::net::detail {

// Both ends blocking, closed by exec, and above the numbers of standard input and output.
struct opened_pipe {
  int read = -1;
  int write = -1;
  std::error_code error;
};
[[nodiscard]] opened_pipe open_pipe() noexcept;

struct child_stdio {
  enum class source : std::uint8_t { inherit, null, descriptor, output };
  source from = source::inherit;
  int fd = -1;  // of `descriptor`: not one of the first three, which the child's own would overwrite
};

// Pointers as execve has them, ended by null.
struct child_plan {
  const char* program = nullptr;  // without a slash: looked for along PATH, the parent's
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: the parent's
  bool new_group = false;
  child_stdio stdio[3];
};

struct spawned {
  pid_t pid = -1;
  std::error_code error;
};

// Blocks until the child has become the program, or could not. It begins with no signal blocked, and none ignored.
[[nodiscard]] spawned spawn_child(const child_plan& plan) noexcept;

// Of a child that we have no watch on: blocks until it is gone.
void kill_and_reap(pid_t pid) noexcept;

[[nodiscard]] char** environment_of_parent() noexcept;

[[nodiscard]] pid_t this_process() noexcept;

// From now on, around each fork(): before it and after it in the parent, both on the thread that forks, and in the
// child, on its only thread.
void call_around_forks(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept;

// The calling thread takes no part in what the process is sent.
void block_all_signals() noexcept;

}  // namespace weft::net::detail
