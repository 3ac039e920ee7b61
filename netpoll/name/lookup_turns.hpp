#pragma once
// Room: netpoll. How many lookups are under way in the process. Each has a thread that blocks, perhaps for as long as a
// dead name server takes; so many and no more may be lost to it, and all other code that blocks keeps its threads.
//
// "Queueing", a semaphore whose permit goes with the lookup and not with who asked:
//   asker                                                 lookup that is gone (answered, or taken back before it began)
//   Q1 under the lock: a permit is free: take it          G1 under the lock: claim the first that waits, `handed`: the
//      else join the queue, unlock, park                     permit is its own; nobody can be won: the permit is free
//   Q2 handed: the permit is mine                         G2 unlock, unpark
//   Q3 late, or cancelled: under the lock, leave the queue
// - Those who come while others wait join the queue behind them: Q1 takes a permit only if nobody waits.
// - A lookup that was abandoned keeps its permit until it has answered: its thread is still away.
// Next: lookup_flight.hpp, which asks for a turn before it asks the resolver.

#include <cstddef>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>

namespace weft::net::detail {

class lookup_turns {
 public:
  explicit constexpr lookup_turns(std::size_t most) noexcept : most_(most) {}

  // Parks until it is our turn; false: `until` came first. Throws weft::cancelled.
  [[nodiscard]] bool enter(deadline until);
  void leave() noexcept;

  // Those who wait and have room now are let in; nobody is turned out.
  void set_most(std::size_t most) noexcept;

 private:
  weft::detail::internal_lock lock_;
  std::size_t most_ WEFT_GUARDED_BY(lock_);
  std::size_t under_way_ WEFT_GUARDED_BY(lock_) = 0;
  weft::detail::wait_list waiting_ WEFT_GUARDED_BY(lock_);
};

extern constinit lookup_turns turns_of_lookups;

}  // namespace weft::net::detail
