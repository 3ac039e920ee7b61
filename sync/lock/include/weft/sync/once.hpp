#pragma once
// Room: sync. Something that is done once: a word that says so, and a timed_mutex for those who come meanwhile.
// Next: condition_variable.hpp.

#include <atomic>
#include <mutex>
#include <utility>

#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/sync/timed_mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

class once_flag;

// std::call_once for fibers and plain threads at once.
//
//   constinit weft::once_flag once;
//   weft::call_once(once, [] { table.load("config"); });         // may park, sleep, do I/O
//
// Exactly one call of f on a flag returns, and it happens before the return of every call_once on that flag. Who comes
// while f runs waits until it has returned. If f throws, its caller gets the exception, and the next who waits or comes
// calls its own f. A fiber that is cancelled inside f is such an exception (weft::cancelled).
// Waiting is a switch point, never a cancellation point, with the fairness of mutex.hpp. A flag that is set costs a
// load.
// Misuse: call_once on the same flag inside f throws std::system_error(resource_deadlock_would_occur).
template <class F, class... Args>
void call_once(once_flag& flag, F&& f, Args&&... args);

// Constant-initialised, 48 bytes, trivially destructible. Destruction: once every call_once on it has returned.
class once_flag {
 public:
  constexpr once_flag() noexcept = default;
  ~once_flag() = default;
  once_flag(const once_flag&) = delete;
  once_flag& operator=(const once_flag&) = delete;

 private:
  template <class F, class... Args>
  friend void call_once(once_flag& flag, F&& f, Args&&... args);

  // While one lives its maker is the one that may call the function: others wait for the turn.
  class turn {
   public:
    explicit turn(once_flag& flag);
    ~turn();
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

   private:
    once_flag& flag_;
  };

  [[nodiscard]] bool is_done() const noexcept {
    // acquire: sees what the function did; pairs with note_done().
    return done_.load(std::memory_order_acquire);
  }
  // release: publishes what the function did; pairs with is_done().
  void note_done() noexcept { done_.store(true, std::memory_order_release); }

  timed_mutex turns_;
  // Written by the one whose turn it is; others compare it with themselves.
  std::atomic<const void*> runner_{nullptr};
  detail::atomic<bool> done_{false};
};

template <class F, class... Args>
void call_once(once_flag& flag, F&& f, Args&&... args) {
  detail::scheduling_point();
  if (flag.is_done()) [[likely]]
    return;
  const once_flag::turn mine(flag);
  if (flag.is_done()) return;
  detail::invoke(std::forward<F>(f), std::forward<Args>(args)...);
  flag.note_done();
}

}  // namespace weft

#pragma GCC visibility pop
