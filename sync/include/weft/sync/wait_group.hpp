#pragma once
// Room: sync. Waits until a number of things are done, as Go's sync.WaitGroup. It owns a count and a list of waiters.
// Next: channel.hpp.

#include <atomic>
#include <cstdint>

#include <weft/sync/detail/wait_queue.hpp>

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
  ~wait_group() { waiters_.wait_until_left("wait group destruction"); }
  wait_group(const wait_group&) = delete;
  wait_group& operator=(const wait_group&) = delete;

  // A negative n is that many calls of done().
  void add(std::int32_t n = 1);
  void done() { add(-1); }
  void wait();

 private:
  bool try_take(std::int32_t n);
  void take_last(std::int32_t n);

  // Any thread. It becomes zero only under waiters_.lock.
  std::atomic<std::int32_t> count_{0};
  detail::wait_queue waiters_;
};

}  // namespace weft
