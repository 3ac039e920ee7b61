// Room: tests. Model of visit_count.hpp in "Waiting at an address" (sync/count/address_wait.cpp): nobody sleeps on
// after a change that was notified, though a notifier that sees nobody inside takes no lock, and the change is relaxed.

#include "visit_count.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

struct complete {
  static constexpr bool k_looks_under_lock = true;  // A3
};
struct without_a_look : complete {
  static constexpr bool k_looks_under_lock = false;
};

constexpr unsigned k_waiters = 2;

// Two wait for the value to be another than 0; the third changes it.
template <class Mutation, class Steps = complete>
struct one_change : rl::test_suite<one_change<Mutation, Steps>, k_waiters + 1> {
  void thread(unsigned index) {
    if (index == k_waiters) {
      value_.store(1, order::relaxed);
      notify();
    } else {
      while (value_.load(order::relaxed) == 0) wait(index);
    }
  }

 private:
  void wait(unsigned me) {
    inside_.enter();
    bool sleeps = true;
    {
      const guard held(lock_);
      if (Steps::k_looks_under_lock && value_.load(order::relaxed) != 0)
        sleeps = false;
      else
        is_queued_[me] = true;
    }
    if (sleeps) bells_[me].wait();
    inside_.leave();
  }

  void notify() {
    if (inside_.has_nobody_after_a_change()) return;
    bool woken[k_waiters] = {};
    {
      const guard held(lock_);
      for (unsigned i = 0; i != k_waiters; ++i) {
        woken[i] = is_queued_[i];
        is_queued_[i] = false;
      }
    }
    for (unsigned i = 0; i != k_waiters; ++i)
      if (woken[i]) bells_[i].ring();
  }

  atomic<int, Mutation> value_{0};
  detail::visit_count<model_env<Mutation>> inside_;
  lock lock_;
  bool is_queued_[k_waiters] = {};  // guarded by lock_
  bell bells_[k_waiters];
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<one_change<faithful>>("two that wait for one change", 300'000);
  s.must_fail<one_change<no_fence>>("no fences", 100'000);
  s.must_fail<one_change<faithful, without_a_look>>("no look under the lock", 100'000);
  return s.exit_code();
}
