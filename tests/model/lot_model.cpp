// Room: tests. Model of lot_count.hpp in "Waiting for libc's word" (std_shim/interpose/lot.hpp): nobody sleeps beside a
// free word, though who gives it back sees nobody inside and takes no lock, others barge in between, and one who waits
// may leave at its deadline while it is won.

#include <lot_count.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

struct complete {
  static constexpr bool k_tries_under_lock = true;    // A3
  static constexpr bool k_stays_inside = true;        // A7 comes last
  static constexpr bool k_passes_losers_over = true;  // N3: "and claim the first"
};
struct without_a_try : complete {
  static constexpr bool k_tries_under_lock = false;
};
struct out_when_woken : complete {
  static constexpr bool k_stays_inside = false;
};
struct wakes_one_who_left : complete {
  static constexpr bool k_passes_losers_over = false;
};

template <class Mutation>
struct lot_model_env : model_env<Mutation> {
  static void fence_after_release(site at = site::here()) { model_env<Mutation>::fence(at); }
};

// A place of the lot, with fibers that wait for one word in it.
template <class Mutation, class Steps>
class place {
 public:
  static constexpr unsigned k_fibers = 2;

  // False: its deadline passed. `attempt` is libc's try.
  template <class Attempt>
  bool wait(unsigned me, bool has_deadline, Attempt attempt) {
    inside_.enter();
    const bool has_it = wait_inside(me, has_deadline, attempt);
    if (Steps::k_stays_inside || !was_woken_[me]) inside_.leave();
    return has_it;
  }

  void after_release() {
    if (inside_.has_nobody_after_release()) return;
    unsigned won = k_nobody;
    {
      const guard held(lock_);
      won = claim_first();
    }
    if (won != k_nobody) bells_[won].ring();
  }

 private:
  static constexpr unsigned k_nobody = ~0u;

  template <class Attempt>
  bool wait_inside(unsigned me, bool has_deadline, Attempt attempt) {
    for (bool again = false;; again = true) {
      {
        const guard held(lock_);
        if ((Steps::k_tries_under_lock || again) && attempt()) return true;
        armed_[me].store(1, order::relaxed);
        enqueue(me, again);
      }
      if (!park(me, has_deadline)) {
        const guard held(lock_);
        dequeue(me);
        return false;
      }
      if (!Steps::k_stays_inside && !was_woken_[me]) inside_.leave();
      was_woken_[me] = true;
    }
  }

  // A5: true if it was woken.
  bool park(unsigned me, bool has_deadline) {
    if (!has_deadline) return bells_[me].wait(), true;
    if (bells_[me].wait_a_while()) return true;
    if (claim(me)) return false;
    bells_[me].wait();
    return true;
  }

  bool claim(unsigned who) {
    int armed = 1;
    return armed_[who].compare_exchange_strong(armed, 0, order::acq_rel, order::relaxed);
  }

  unsigned claim_first() {
    while (size_ != 0) {
      const unsigned first = queue_[0];
      dequeue(first);
      if (claim(first)) return first;
      if (!Steps::k_passes_losers_over) break;
    }
    return k_nobody;
  }

  void enqueue(unsigned who, bool in_front) {
    if (in_front && size_ != 0) {
      queue_[1] = queue_[0];
      queue_[0] = who;
    } else {
      queue_[size_] = who;
    }
    ++size_;
  }
  void dequeue(unsigned who) {
    for (unsigned i = 0; i != size_; ++i) {
      if (queue_[i] != who) continue;
      if (i == 0) queue_[0] = queue_[1];
      --size_;
      return;
    }
  }

  interpose::lot_count<lot_model_env<Mutation>> inside_;
  lock lock_;
  unsigned queue_[k_fibers] = {};  // guarded by lock_, both
  unsigned size_ = 0;
  atomic<int, Mutation> armed_[k_fibers];
  bool was_woken_[k_fibers] = {};  // the fiber's own
  bell bells_[k_fibers];
};

// A mutex of libc's: a thread has it, and two fibers want it; the first may have a deadline.
template <class Mutation, class Steps = complete, bool HasDeadline = false>
struct one_mutex : rl::test_suite<one_mutex<Mutation, Steps, HasDeadline>, 3> {
  void thread(unsigned index) {
    if (index != 2 && !lock(index)) return;
    inside_.set(inside_.get() + 1);
    word_.exchange(0, order::release);  // N0
    lot_.after_release();
  }

 private:
  bool try_lock() {
    int free = 0;
    return word_.compare_exchange_strong(free, 1, order::acquire, order::relaxed);
  }
  bool lock(unsigned me) {
    return try_lock() || lot_.wait(me, HasDeadline && me == 0, [this] { return try_lock(); });
  }

  atomic<int, Mutation> word_{1};
  plain<int> inside_{0};
  place<Mutation, Steps> lot_;
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<one_mutex<faithful>>("a thread gives a mutex to two fibers", 200'000);
  s.must_pass<one_mutex<faithful, complete, true>>("one of them has a deadline", 200'000);
  s.must_fail<one_mutex<no_fence>>("no fences", 100'000);
  s.must_fail<one_mutex<faithful, without_a_try>>("no try under the lock", 100'000);
  s.must_fail<one_mutex<faithful, out_when_woken>>("counted out when woken", 100'000);
  s.must_fail<one_mutex<faithful, wakes_one_who_left, true>>("a wake that was for one who left is forgotten", 100'000);
  return s.exit_code();
}
