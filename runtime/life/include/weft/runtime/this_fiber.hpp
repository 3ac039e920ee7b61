#pragma once
// Room: runtime. The calling fiber; on a plain thread each of these does for the thread what std::this_thread does.
// Sleeps and yield are cancellation points: they throw weft::cancelled once the fiber is asked to end.

#include <stop_token>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/runtime/fiber_id.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {
void sleep_until(deadline until);
}

namespace weft::this_fiber {

// Lets every other fiber that is ready on this worker run first; one that is pinned to it, within some turns.
void yield();

// The default fiber_id on a plain thread.
[[nodiscard]] fiber_id get_id() noexcept;

// Tells who has one when the calling fiber is asked to end: by its handle, its task group, the end of its runtime. For
// code that cannot be unwound, such as a foreign library's loop. It tells at once, also while the fiber is shielded; a
// time limit it does not tell, for nobody is there to do it. Callbacks run on the thread that asks, before its call
// returns and before a wait of the fiber ends; no lock of weft's is held. If the fiber runs it may be met by
// weft::cancelled a moment before. Made at the first call, the same from then on, and good after the fiber's end.
// A std::stop_callback knows threads and not fibers: its destructor tells whether it stands in its own callback by the
// thread's id, and waits for a callback on another thread by blocking. So let a callback not park (no send to a channel
// that may be full, no sleep; a lock of weft's that is held for long is none either): it may go on, on another thread,
// beside a destructor that took it for its own, or be waited for by the very worker that is to run it, for ever. Set a
// flag, close a channel, try_send, request_stop, or hand a fiber to go().
// On a plain thread: one that nothing stops. Throws std::bad_alloc.
[[nodiscard]] std::stop_token stop_token();

template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> d) {
  detail::sleep_until(detail::limit(d));
}

// Of any clock. On another than the steady one: slept in one go, by how far off the point is now, and again if it is
// not reached then; but for a simulation, whose sleep moves no other clock.
template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> t) {
  static_cast<void>(detail::wait_by(t, [](deadline until) {
    detail::sleep_until(until);
    return false;
  }));
}

}  // namespace weft::this_fiber

#pragma GCC visibility pop
