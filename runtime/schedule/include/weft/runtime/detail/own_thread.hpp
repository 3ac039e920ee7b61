#pragma once
// Room: runtime. A thread of weft's own, told to who proves that all fibers are asleep for ever (deadlock.hpp): the
// tasks of the process are counted there, and one that is not known might wake somebody.

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

}  // namespace weft::detail

#pragma GCC visibility pop
