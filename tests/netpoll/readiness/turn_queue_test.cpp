// Room: tests of netpoll. turn_queue: first come, first served, whoever leaves meanwhile and from wherever.

#include <turn_queue.hpp>

#include <cstddef>
#include <memory>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

using weft::detail::internal_guard;
using weft::detail::wake_reason;

struct numbered_node : weft::detail::wait_node {
  int number = 0;
};

// A queue with its lock, and fibers that wait in it.
class waiting_line {
 public:
  // Returns once it waits.
  void admit(int number) {
    waiters_.push_back(spawn([this, number] { return wait(number); }));
    await_parked(++parked_, "turn queue");
  }

  // Asks the one that was admitted so many before to go, who leaves the queue himself.
  void let_go(std::size_t which) {
    waiters_[which].request_stop();
    EXPECT_EQ(waiters_[which].join(), wake_reason::cancelled);
    --parked_;
  }

  // Whose turn it is; -1: nobody's.
  int serve() {
    weft::detail::claimed won;
    int number = -1;
    {
      const internal_guard guard(lock_);
      if (auto* const node = queue_.claim_front(wake_reason::handed, won))
        number = static_cast<numbered_node*>(node)->number;
    }
    if (won) weft::detail::unpark(won);
    if (number >= 0) --parked_;
    return number;
  }

  void dismiss() {
    weft::detail::won_chain won;
    const internal_guard guard(lock_);
    queue_.claim_all(wake_reason::closed, won);
    parked_ = 0;
  }

  wake_reason end_of(std::size_t which) { return waiters_[which].join(); }

 private:
  wake_reason wait(int number) {
    numbered_node node;
    node.number = number;
    {
      const internal_guard guard(lock_);
      node.token = weft::detail::arm(weft::detail::cancellation::honoured);
      queue_.push_back(node);
    }
    const auto reason = weft::detail::park(node.token, deadline::never(), "turn queue");
    if (reason != wake_reason::cancelled) return reason;  // a waker has taken it off
    const internal_guard guard(lock_);
    queue_.remove(node);
    queue_.remove(node);  // again is nothing
    return reason;
  }

  weft::detail::internal_lock lock_;
  net::detail::turn_queue queue_;
  std::vector<join_handle<wake_reason>> waiters_;
  std::size_t parked_ = 0;
};

FIBER_TEST(turn_queue, serves_who_came_first_whoever_leaves_meanwhile) {
  for (const std::vector<std::size_t>& leaving : std::vector<std::vector<std::size_t>>{
           {}, {0}, {1}, {3}, {0, 1}, {3, 2}, {1, 3, 0}, {3, 0, 1, 2}, {0, 1, 2, 3}}) {
    waiting_line line;
    for (int i = 0; i < 4; ++i) line.admit(i);
    std::vector<bool> is_gone(4);
    for (const std::size_t which : leaving) {
      line.let_go(which);
      is_gone[which] = true;
    }
    line.admit(4);  // behind those who are left
    for (int i = 0; i < 4; ++i) {
      if (is_gone[static_cast<std::size_t>(i)]) continue;
      EXPECT_EQ(line.serve(), i);
      EXPECT_EQ(line.end_of(static_cast<std::size_t>(i)), wake_reason::handed);
    }
    EXPECT_EQ(line.serve(), 4);
    EXPECT_EQ(line.end_of(4), wake_reason::handed);
    EXPECT_EQ(line.serve(), -1) << "nobody is left";
  }
}

FIBER_TEST(turn_queue, dismisses_all_at_once_and_goes_on) {
  waiting_line line;
  line.dismiss();
  for (int i = 0; i < 3; ++i) line.admit(i);
  EXPECT_EQ(line.serve(), 0);
  line.dismiss();
  EXPECT_EQ(line.end_of(0), wake_reason::handed);
  for (const std::size_t i : {1u, 2u}) EXPECT_EQ(line.end_of(i), wake_reason::closed);
  line.admit(3);
  EXPECT_EQ(line.serve(), 3);
  EXPECT_EQ(line.end_of(3), wake_reason::handed);
}

}  // namespace
}  // namespace weft::testing
