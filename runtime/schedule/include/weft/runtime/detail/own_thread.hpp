#pragma once
// Room: runtime. What is told to who proves that all fibers are asleep for ever (deadlock.hpp): a thread of weft's own,
// for the tasks of the process are counted there, and one that is not known might wake somebody; and a wait that such a
// thread will end.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// One lives on each thread that is weft's own, as long as it wakes a fiber for no other reasons than readiness, a time,
// a signal, or the end of a call that is waited for.
class own_thread {
 public:
  own_thread() noexcept;
  ~own_thread();
  own_thread(const own_thread&) = delete;
  own_thread& operator=(const own_thread&) = delete;
};

// One lives in the frame of a fiber that waits for code outside of weft, which no one can tell from one that hangs;
// also for such code that others began, or for its turn to begin some.
class outside_call {
 public:
  outside_call() noexcept;
  ~outside_call();
  outside_call(const outside_call&) = delete;
  outside_call& operator=(const outside_call&) = delete;
};

}  // namespace weft::detail

#pragma GCC visibility pop
