#pragma once
// Room: runtime. A stretch of a fiber's run in which cancellation may come from somewhere else than around it: a time
// limit, on the frame of with_timeout, or the scope that all members of a task group begin in. Scopes nest on one fiber
// as frames do; `runtime/README.md` tells "Scopes". Nothing here is atomic: a scope is written before anybody else can
// see it, and constant from then on.
// Next: ../with_timeout.hpp, ../task_group.hpp.

#include <cstdint>

#include <weft/runtime/deadline.hpp>

namespace weft::detail {
struct fiber_block;
}

#pragma GCC visibility push(default)

namespace weft::detail {

struct cancel_scope {
  deadline until;                    // the earliest of its own limit and those around it that may be delivered inside
  cancel_scope* outer = nullptr;     // of the same fiber
  std::uint32_t outer_delivery = 0;  // what `delivery` of the fiber was around it (fiber_block.hpp)
  std::uint32_t unwinding = 0;       // exceptions that were in flight when it began
};

// A scope with a limit of its own, on the frame of the fiber that makes it.
class time_limit {
 public:
  // `call` is named by std::logic_error, which is thrown on a plain thread.
  time_limit(deadline until, const char* call);
  ~time_limit();
  time_limit(const time_limit&) = delete;
  time_limit& operator=(const time_limit&) = delete;

  // In a handler of weft::cancelled, once: ends the scope. True if it was this limit that ended what ran in it, and
  // nothing around the scope asks for an end; then the exception goes no further.
  [[nodiscard]] bool has_ended_it() noexcept;

 private:
  void end() noexcept;

  fiber_block* fiber_;  // null: ended
  cancel_scope scope_;
  deadline own_;
  std::uint32_t swallowed_before_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
