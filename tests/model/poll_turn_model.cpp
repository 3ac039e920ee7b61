// Room: tests. Model of poll_turn.hpp together with idle_set.hpp: "Earliest deadline" (a timer is never slept
// past) and "Handing over" (while all sleep, one of them has the turn, and sleeps no longer than the earliest timer).
// Time does not pass here: a sleeper that would sleep until the earliest timer is content, any other one must be
// woken, or is a deadlock.

#include "poll_turn.hpp"

#include <algorithm>

#include "idle_set.hpp"
#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out.

struct complete {
  static constexpr bool k_looks_again = true;       // E3
  static constexpr bool k_comes_back = true;        // L1: a worker that has left comes to H2 again
  static constexpr bool k_leaver_looks = true;      // L3
  static constexpr bool k_wakes_as_it_goes = true;  // O2 of "Filling in" (seating.hpp)
};
struct without_second_look : complete {
  static constexpr bool k_looks_again = false;
};
struct without_coming_back : complete {
  static constexpr bool k_comes_back = false;
};
struct leaves_without_a_wake : complete {
  static constexpr bool k_wakes_as_it_goes = false;
};
struct without_look_of_leaver : complete {
  static constexpr bool k_leaver_looks = false;
};

constexpr unsigned k_most = 2;  // of timers, and of workers
constexpr std::int64_t k_soon = 10;
constexpr std::int64_t k_later = 20;
constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::max();

// --- The world of a model: timers with relaxed accesses, the poller, workers.

template <class Env, class Steps>
class world {
 public:
  explicit world(unsigned workers) : workers_(workers) {
    for (auto& each : timers_) each.store(k_never, order::relaxed);
  }

  // A1 to A3.
  void arm(unsigned timer, std::int64_t deadline) {
    timers_[timer].store(deadline, order::relaxed);
    if (turn_.must_wake(deadline)) poller_.ring();
  }

  // Readiness comes in, which makes whoever polls leave.
  void become_ready() { poller_.ring(); }

  // A worker that has nothing to do but sleep, until the timer at k_soon has fired.
  void sleep_until_fired(unsigned me) {
    bool had_turn = false;
    while (fired_.load(order::relaxed) == 0) {
      idle_.announce_sleep(me);
      bool rung = false;
      if ((!had_turn || Steps::k_comes_back) && turn_.try_take()) {
        had_turn = true;
        sleep_with_the_turn();
      } else if (fired_.load(order::relaxed) == 0) {
        bells_[me].wait();
        rung = true;
      }
      if (idle_.retract_sleep(me)) continue;
      if (!rung) bells_[me].wait();
      (void)idle_.transition_from_searching(false);
    }
  }

  // The netpoller thread: has a look, and goes.
  void look_and_leave() {
    if (!turn_.try_take()) return;
    use_poller();
    if (!Steps::k_leaver_looks) return turn_.release();
    turn_.release_for_others();
    if (idle_.sleeping_hint() == workers_) wake(idle_.pick_any_to_wake());
  }

  // A worker that had the turn ran on, and has been counted out meanwhile: it does not come to H2 again.
  void have_the_turn_and_be_counted_out() {
    if (!turn_.try_take()) return;
    use_poller();
    turn_.release();
    if (Steps::k_wakes_as_it_goes) wake(idle_.pick_to_wake());
  }

  void check_end() {
    RL_ASSERT(idle_.sleeping_hint() == 0);
    RL_ASSERT(idle_.searching_hint() == 0);
    RL_ASSERT(!turn_.taken_hint());
  }

 private:
  // E1 to E4.
  void sleep_with_the_turn() {
    use_poller();
    std::int64_t until = earliest();
    for (;;) {
      turn_.publish_until(until);
      const std::int64_t again = Steps::k_looks_again ? earliest() : until;
      if (again >= until) break;
      until = again;
    }
    const bool in_time = until == k_soon;
    if (!in_time && fired_.load(order::relaxed) == 0) poller_.wait();
    use_poller();
    turn_.release();
    if (in_time) fire();
  }

  void fire() {
    fired_.store(1, order::relaxed);
    for (int worker = idle_.pick_any_to_wake(); worker >= 0; worker = idle_.pick_any_to_wake()) wake(worker);
  }

  // It may be in the poller, or on its own bell.
  void wake(int worker) {
    if (worker < 0) return;
    bells_[worker].ring();
    poller_.ring();
  }

  // What belongs to the holder of the turn alone.
  void use_poller() { polls_.set(polls_.get() + 1); }

  std::int64_t earliest() {
    std::int64_t least = k_never;
    for (auto& each : timers_) least = std::min(least, each.load(order::relaxed));
    return least;
  }

  const unsigned workers_;
  detail::poll_turn<Env> turn_;
  detail::idle_set<Env, k_most> idle_;
  typename Env::template atomic<std::int64_t> timers_[k_most];
  typename Env::template atomic<std::uint32_t> fired_;
  plain<unsigned> polls_{0};
  bell poller_;
  bell bells_[k_most];
};

// --- Models.

template <class Env, class Steps = complete>
struct two_armers : rl::test_suite<two_armers<Env, Steps>, 3> {
  world<Env, Steps> all{1};

  void thread(unsigned index) {
    if (index == 0) all.sleep_until_fired(0);
    if (index == 1) all.arm(0, k_later);
    if (index == 2) all.arm(1, k_soon);
  }
  void after() { all.check_end(); }
};

template <class Env, class Steps = complete>
struct two_workers : rl::test_suite<two_workers<Env, Steps>, 3> {
  world<Env, Steps> all{2};

  void thread(unsigned index) {
    if (index == 2) {
      all.become_ready();
      all.arm(0, k_later);
      all.arm(1, k_soon);
    } else {
      all.sleep_until_fired(index);
    }
  }
  void after() { all.check_end(); }
};

template <class Env, class Steps = complete>
struct netpoller_leaves : rl::test_suite<netpoller_leaves<Env, Steps>, 3> {
  world<Env, Steps> all{1};

  void thread(unsigned index) {
    if (index == 0) all.sleep_until_fired(0);
    if (index == 1) all.look_and_leave();
    if (index == 2) all.arm(0, k_soon);
  }
  void after() { all.check_end(); }
};

// A worker relies on another's turn, which is counted out and never sleeps again.
template <class Env, class Steps = complete>
struct holder_is_counted_out : rl::test_suite<holder_is_counted_out<Env, Steps>, 3> {
  world<Env, Steps> all{1};

  void thread(unsigned index) {
    if (index == 0) all.sleep_until_fired(0);
    if (index == 1) all.have_the_turn_and_be_counted_out();
    if (index == 2) all.arm(0, k_soon);
  }
  void after() { all.check_end(); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<two_armers<env>>("two armers, one sleeper", 1'000'000);
  s.must_pass<two_workers<env>>("two workers hand the turn over", 500'000);
  s.must_pass<netpoller_leaves<env>>("the netpoller thread leaves a sleeping worker the turn", 1'000'000);
  s.must_pass<holder_is_counted_out<env>>("a holder of the turn is counted out", 1'000'000);
  s.must_fail<two_armers<model_env<no_fence>>>("no fences: a timer is slept past", 500'000);
  s.must_fail<two_armers<env, without_second_look>>("no second look at the timers", 500'000);
  s.must_fail<two_workers<env, without_coming_back>>("a worker sleeps without asking for the turn again", 500'000);
  s.must_fail<two_workers<model_env<no_release>>>("no release: two are in the poller", 500'000);
  s.must_fail<two_workers<model_env<no_acquire>>>("no acquire: two are in the poller", 500'000);
  s.must_fail<netpoller_leaves<model_env<no_fence>>>("no fences: nobody has the turn", 500'000);
  s.must_fail<netpoller_leaves<env, without_look_of_leaver>>("who leaves for good does not look for sleepers", 500'000);
  s.must_fail<holder_is_counted_out<env, leaves_without_a_wake>>("who is counted out wakes nobody", 500'000);
  s.must_fail<holder_is_counted_out<model_env<no_fence>>>("no fences as it goes: nobody has the turn", 500'000);
  return s.exit_code();
}
