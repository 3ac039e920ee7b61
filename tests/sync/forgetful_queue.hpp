#pragma once
// Room: tests of sync. What a semaphore must not be: it hands a permit to whoever waits longest, and does not notice
// that he has left. For workloads that are there to find that.

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>

#include <weft/sync/channel.hpp>
#include <weft/sync/channel_status.hpp>
#include <weft/sync/mutex.hpp>

namespace weft::testing {

class forgetful_queue {
 public:
  explicit forgetful_queue(std::ptrdiff_t permits) : free_(permits) {}

  void acquire() {
    const channel<int> mine(1);
    if (!take_or_queue(mine)) (void)mine.recv();
  }
  template <class Duration>
  [[nodiscard]] bool try_acquire_for(Duration d) {
    const channel<int> mine(1);
    int permit = 0;
    return take_or_queue(mine) || mine.recv_for(permit, d) == channel_status::ok;
  }
  [[nodiscard]] bool try_acquire() {
    const std::scoped_lock held(guard_);
    return free_ > 0 && free_-- > 0;
  }
  void release() {
    const std::scoped_lock held(guard_);
    if (queue_.empty()) {
      ++free_;
    } else {
      queue_.front().send(0);
      queue_.pop_front();
    }
  }

 private:
  bool take_or_queue(const channel<int>& mine) {
    const std::scoped_lock held(guard_);
    if (free_ > 0) return free_-- > 0;
    queue_.push_back(mine);
    return false;
  }

  mutex guard_;
  std::ptrdiff_t free_;
  std::deque<channel<int>> queue_;
};

}  // namespace weft::testing
