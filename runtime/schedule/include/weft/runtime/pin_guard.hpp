#pragma once
// Room: runtime. For code that must come back on the same OS thread: it keeps thread_locals over a switch point, holds
// a handle that belongs to a thread (a GL context, a COM apartment), or calls a library that does.
//
//   weft::pin_guard pin;
//   library_begin();                   // remembers its thread
//   weft::this_fiber::sleep_for(1ms);  // parks as ever, and comes back on this thread
//   library_end();
//
// While one lives, the fiber that made it stays on its worker thread. It guards against migration, and not against
// other fibers: they run on that thread while this one is parked. They nest; the last one that goes lets the fiber go.
// Neither making nor destroying one is a switch point. Not movable; a fiber destroys its own ones (checked). On a plain
// thread it does nothing, for a thread stays where it is.
//
// What it costs: nobody steals a pinned fiber, so it waits for as long as its worker is busy with one that does not
// park, while others are idle. Each wake-up passes through the worker's inbox, at least a switch more.
// A fiber that is pinned for its whole life: spawn_options.pinned (spawn.hpp). Next: snapshot.hpp, which shows it.

#include <weft/runtime/detail/require_cpp20.hpp>

namespace weft::detail {
struct fiber_block;
}

#pragma GCC visibility push(default)

namespace weft {

class [[nodiscard]] pin_guard {
 public:
  pin_guard() noexcept;
  ~pin_guard();
  pin_guard(const pin_guard&) = delete;
  pin_guard& operator=(const pin_guard&) = delete;

 private:
  detail::fiber_block* const fiber_;  // null: a plain thread
};

}  // namespace weft

#pragma GCC visibility pop
