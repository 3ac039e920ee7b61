#pragma once
// Room: runtime. Memory that another room keeps for whoever needs it next, in pieces of one size, as stacks are kept
// here: netpoll's buffers. It goes back to the system by the rules of stacks (idle_stacks.hpp): of what lay idle all
// through a second half, each second, by the monitor; all of it by trim(), and when the last runtime ends.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>

#pragma GCC visibility push(default)

namespace weft::detail {

// All of it may be called by any thread at any time, end_period and `due` by one at a time.
class idle_memory {
 public:
  // How many pieces are idle.
  [[nodiscard]] virtual std::size_t warm() noexcept = 0;
  // A period ends and the next begins: how many were idle all through it.
  [[nodiscard]] virtual std::size_t end_period() noexcept = 0;
  // Gives back up to `most` of these, the coldest first; how many. What was in memory is added to `bytes`, if there.
  virtual std::size_t cool(std::size_t most, std::size_t* bytes) noexcept = 0;

  // Whoever gives back: so many are to go, in this period.
  std::size_t due = 0;

 protected:
  ~idle_memory() = default;
};

// At most so many kinds.
inline constexpr std::size_t k_most_idle_memories = 4;

// Once for each kind, which lives as long as the process.
void keep_idle_memory(idle_memory& kind) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
