// Room: tests. Model of "Waiting for a condition" (std_shim/interpose/condition.cpp): fibers and threads in one
// queue, in which the first may leave at its deadline, or be cancelled, while a signal is on its way to it; no signal
// is lost or eaten, and nobody's frame is touched after it left.

#include <lot_count.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

struct complete {
  static constexpr bool k_enqueues_with_mutex = true;  // C1 before C2
  static constexpr bool k_hands_on = true;             // a thread that was taken off and cancelled
  static constexpr bool k_hears_the_bell = true;       // C4
  static constexpr bool k_claims = true;               // S2: on until one is won
};
struct enqueues_late : complete {
  static constexpr bool k_enqueues_with_mutex = false;
};
struct eats_the_signal : complete {
  static constexpr bool k_hands_on = false;
};
struct leaves_before_the_bell : complete {
  static constexpr bool k_hears_the_bell = false;
};
struct gives_up_at_a_loser : complete {
  static constexpr bool k_claims = false;
};

template <class Mutation>
struct queue_env : model_env<Mutation> {
  static void fence_after_release(site) {}
};

enum class ends { never, at_a_deadline };
enum class sleeper { fiber, thread };

// 0 waits, and may leave unwoken; 1 waits until it is woken; 2 signals.
template <class Mutation, class Steps, sleeper First>
class condition {
 public:
  // With the mutex. False: it left, and nothing was told to it.
  bool wait(unsigned me, ends end, lock& mutex) {
    if (Steps::k_enqueues_with_mutex) enqueue(me);
    mutex.release();
    if (!Steps::k_enqueues_with_mutex) enqueue(me);
    const bool was_woken = is_thread(me) ? sleep(me, end) : park(me, end);
    frames_[me].set(0);
    inside_.leave();
    mutex.acquire();
    return was_woken;
  }

  void signal() {
    if (!inside_.has_nobody()) wake_one();
  }

 private:
  static constexpr unsigned k_nobody = ~0u;
  static bool is_thread(unsigned who) { return (who == 0) == (First == sleeper::thread); }

  void enqueue(unsigned me) {
    inside_.enter();
    const guard held(lock_);
    frames_[me].set(1);
    armed_[me].store(1, order::relaxed);
    queue_[size_++] = me;
  }

  bool park(unsigned me, ends end) {
    if (end == ends::never) return bells_[me].wait(), true;
    if (bells_[me].wait_a_while()) return true;
    if (!claim(me)) return bells_[me].wait(), true;
    const guard held(lock_);
    dequeue(me);
    return false;
  }

  // As one whom pthread_cancel unwinds, if `end` comes first.
  bool sleep(unsigned me, ends end) {
    if (end == ends::never) return bells_[me].wait(), true;
    if (bells_[me].wait_a_while()) return true;
    {
      const guard held(lock_);
      if (dequeue(me)) return false;
    }
    if (Steps::k_hears_the_bell) bells_[me].wait();
    if (Steps::k_hands_on) wake_one();
    return false;
  }

  void wake_one() {
    unsigned won = k_nobody;
    {
      const guard held(lock_);
      won = take_first();
    }
    if (won == k_nobody) return;
    RL_ASSERT(frames_[won].get() == 1);
    bells_[won].ring();
  }

  unsigned take_first() {
    while (size_ != 0) {
      const unsigned first = queue_[0];
      dequeue(first);
      if (is_thread(first) || claim(first)) return first;
      if (!Steps::k_claims) break;
    }
    return k_nobody;
  }

  bool claim(unsigned who) {
    int armed = 1;
    return armed_[who].compare_exchange_strong(armed, 0, order::acq_rel, order::relaxed);
  }

  bool dequeue(unsigned who) {
    for (unsigned i = 0; i != size_; ++i) {
      if (queue_[i] != who) continue;
      if (i == 0) queue_[0] = queue_[1];
      --size_;
      return true;
    }
    return false;
  }

  interpose::lot_count<queue_env<Mutation>> inside_;
  lock lock_;
  unsigned queue_[2] = {};  // guarded by lock_, both
  unsigned size_ = 0;
  atomic<int, Mutation> armed_[2];
  plain<int> frames_[2] = {plain<int>{0}, plain<int>{0}};
  bell bells_[2];
};

// One token, and one signal for it. Who may leave takes it, or leaves it to the other.
template <class Mutation, sleeper First, class Steps = complete>
struct one_token : rl::test_suite<one_token<Mutation, First, Steps>, 3> {
  void thread(unsigned index) {
    if (index == 2) return give();
    if (index == 0) return take_or_leave();
    mutex_.acquire();
    while (!has_token_) changed_.wait(1, ends::never, mutex_);
    mutex_.release();
  }

 private:
  void give() {
    mutex_.acquire();
    has_token_ = true;
    mutex_.release();
    changed_.signal();
  }

  void take_or_leave() {
    mutex_.acquire();
    bool was_woken = false;
    if (!has_token_) was_woken = changed_.wait(0, ends::at_a_deadline, mutex_);
    mutex_.release();
    if (was_woken) changed_.signal();  // it leaves the token to the other, and says so
  }

  lock mutex_;
  bool has_token_ = false;  // guarded by mutex_
  condition<Mutation, Steps, First> changed_;
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<one_token<faithful, sleeper::thread>>("a thread that is cancelled, before a fiber", 200'000);
  s.must_pass<one_token<faithful, sleeper::fiber>>("a fiber that has a deadline, before a thread", 200'000);
  s.must_fail<one_token<faithful, sleeper::thread, enqueues_late>>("the mutex is given back before it stands there",
                                                                   100'000);
  s.must_fail<one_token<faithful, sleeper::thread, eats_the_signal>>("a cancelled thread keeps its signal", 100'000);
  s.must_fail<one_token<faithful, sleeper::thread, leaves_before_the_bell>>("a thread leaves before the bell", 100'000);
  s.must_fail<one_token<faithful, sleeper::fiber, gives_up_at_a_loser>>("a signal ends at a fiber that left", 100'000);
  return s.exit_code();
}
