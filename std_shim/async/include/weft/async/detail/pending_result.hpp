#pragma once
// Room: async. A result on the frame of who waits for it, brought by code that knows nothing of fibers: a coroutine
// that somebody resumes, an operation of Asio. It owns no result, only when it is there, and when nobody refers to the
// frame any more.
//
// "Bringing", both sides; the frame is the waiter's:
//   waiter                                            who brings it, or refers to the frame otherwise
//   P1 one reference, which is given away             P4 put the result where it belongs (the first one)
//   P2 lock; over: unlock, go on                      P5 let go: references - 1; not the last: touch nothing more
//      enqueue, unlock, park                          P6 the last: lock; over; claim the waiter; unlock; unpark
//   P3 asked to end: leave, one reference more, ask
//      for the end of what brings it; P2 again
// - The result may be there before the wait (a call that completes at once): P2 then does not park.
// - Only P6 says that it is over, so a waiter that goes on finds nobody on its frame but the last one, in P6. The
//   unlock there is the last that he does to it; the destructor passes through the lock (wait_queue.hpp, "Leaving").
// - P3 takes its reference only while there is one left (a compare-and-swap): a count that has come to zero stays
//   there, and then there is nobody to be asked.
// Model: tests/model/frame_references_model.cpp.
// Next: ../../await.hpp, ../use_fiber.hpp.

#include <atomic>

#include <weft/async/detail/frame_references.hpp>
#include <weft/runtime/park.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class pending_result {
 public:
  // P1.
  pending_result() noexcept = default;
  // It is over, or nothing was ever given away.
  ~pending_result() { waiters_.wait_until_left("result"); }
  pending_result(const pending_result&) = delete;
  pending_result& operator=(const pending_result&) = delete;

  // --- Any thread.
  // One reference more, by whoever has none. False: it is over, or about to be.
  [[nodiscard]] bool refer() noexcept { return references_.refer(); }
  // P5, P6. This may be gone when it returns.
  void let_go() noexcept;

  // --- The waiter, a fiber or a plain thread.
  // P2. False: the fiber is asked to end, and it is not over yet.
  [[nodiscard]] bool wait(wait_label what) noexcept;
  // P2, whatever the fiber is asked.
  void wait_out(wait_label what) noexcept;

 private:
  [[nodiscard]] bool is_over() const noexcept {
    // acquire: sees the result; pairs with let_go().
    return over_.load(std::memory_order_acquire);
  }

  // Any thread.
  frame_references<real_env> references_;
  std::atomic<bool> over_{false};  // written under waiters_.lock
  wait_queue waiters_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
