#pragma once
// Room: sync. Waits until a number of things are done, as Go's sync.WaitGroup. The count and the list
// of waiters are detail/countdown.hpp's.
// Next: channel.hpp.

#include <cstdint>

#include <weft/sync/detail/countdown.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Counts what is under way; for fibers and plain threads at once.
//
//   weft::wait_group wg;
//   for (auto& url : urls) {
//     wg.add();
//     weft::go([&] { fetch(url); wg.done(); });
//   }
//   wg.wait();
//
// add() and done() are not switch points; done() takes no lock unless it is the last. wait() parks until the count is
// zero, and is a cancellation point. Everything before a done() happens before the return of the wait() that it ends.
// Go's contract: when the count is zero, add() comes before the wait() that is to see it (not from inside the fiber
// that it counts), and a group is used again only when every wait() has returned.
// Misuse: a count below zero or above 2^31 - 1 throws std::logic_error and changes nothing.
// Destruction: by whoever knows that the count is zero and nobody else will use the group, above all a waiter whose
// wait() has returned. Waiters who were cancelled are let out first.
class wait_group {
 public:
  constexpr wait_group() noexcept = default;
  ~wait_group() { count_.wait_until_left("wait group destruction"); }
  wait_group(const wait_group&) = delete;
  wait_group& operator=(const wait_group&) = delete;

  // A negative n is that many calls of done().
  void add(std::int32_t n = 1);
  void done() { add(-1); }
  void wait();

 private:
  detail::countdown count_{0};
};

}  // namespace weft

#pragma GCC visibility pop
