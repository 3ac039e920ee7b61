// Room: tests. Model of idle_set.hpp, "Sleeping" and "Waking": no published item waits while a worker sleeps
// that nobody is about to wake. Items are flags with relaxed accesses, so that nothing but the protocol orders
// anything; a worker that is left asleep beside an item is a deadlock. Three threads: submitters first, then workers.

#include <utility>

#include "idle_set.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out. Each names the step of idle_set.hpp that its mutants lack.

struct complete {
  static constexpr bool k_wakes_one_more = true;     // end of S2
  static constexpr bool k_looks_again = true;        // S6
  static constexpr bool k_second_look_by_s1 = true;  // S6, "from S1"
  static constexpr bool k_wakes_as_it_goes = true;   // O2 of "Filling in" (seating.hpp)
  static constexpr bool k_begins_itself = true;      // O5
};
struct monitor_begins_for_it : complete {
  static constexpr bool k_begins_itself = false;
};
struct without_waking_one_more : complete {
  static constexpr bool k_wakes_one_more = false;
};
struct without_second_look : complete {
  static constexpr bool k_looks_again = false;
};
struct leaves_without_a_wake : complete {
  static constexpr bool k_wakes_as_it_goes = false;
};
struct second_look_takes_at_once : complete {
  static constexpr bool k_second_look_by_s1 = false;
};

// A waker that is pre-empted for long before it undoes its count (W7), which a random schedule hardly ever brings. With
// `GivesUp` it lacks the "again": it finds, as it looks anew, that somebody searches.
template <bool GivesUp>
struct slow_undo_env : model_env<faithful> {
  template <class T>
  class atomic : public model::atomic<T, faithful> {
   public:
    using base = model::atomic<T, faithful>;
    using base::base;

    T load(order o) const {
      const T seen = base::load(o);
      return std::exchange(has_undone_[rl::thread_index()], false) ? T(1) : seen;
    }
    T fetch_sub(T value, order o) {
      const bool undoes = rl::thread_index() != k_worker;
      if (undoes) pause(k_long);
      has_undone_[rl::thread_index()] = undoes && GivesUp;
      return base::fetch_sub(value, o);
    }

   private:
    static constexpr unsigned k_worker = 2;
    static constexpr unsigned k_long = 40;
    mutable bool has_undone_[3] = {};
  };
};

constexpr unsigned k_most = 2;  // of items, and of workers
constexpr std::uint32_t k_published = 1;
constexpr std::uint32_t k_taken = 2;
// Of a spare's standing.
constexpr std::uint32_t k_out = 0;
constexpr std::uint32_t k_seated = 1;
constexpr std::uint32_t k_running = 2;

// --- The world of a model: items, workers, wakers.

template <class Env, class Steps>
class world {
 public:
  explicit world(unsigned items) : items_(items) {}

  // W1 to W7.
  void submit(unsigned item) {
    state_[item].store(k_published, order::relaxed);
    wake(idle_.pick_to_wake());
  }

  // From one queue to another: for a moment the item is in neither.
  void move(unsigned item, bool wakes) {
    std::uint32_t expected = k_published;
    if (!state_[item].compare_exchange_strong(expected, k_taken, order::relaxed, order::relaxed)) return;
    state_[item].store(k_published, order::relaxed);
    if (wakes) wake(idle_.pick_to_wake());
  }

  // S1 to S7, until every item has been run. `run` is what the items do. A sleep may end for nothing `idle_ends` times.
  template <class Run>
  void work(unsigned me, unsigned limit, unsigned idle_ends, Run run) {
    bool counted = idle_.transition_to_searching(limit);
    for (;;) {
      if (counted) {
        const int item = take();
        const bool last = idle_.transition_from_searching(item >= 0);
        if (item >= 0) {
          if (last && Steps::k_wakes_one_more) wake(idle_.pick_to_wake());
          note_run(run, item);
          counted = idle_.transition_to_searching(limit);
          continue;
        }
      }
      if (ended()) return;
      counted = sleep(me, idle_ends);
      if (counted) continue;
      if (!Steps::k_second_look_by_s1) note_run(run, take());
      counted = idle_.transition_to_searching(idle_.k_no_limit);
    }
  }

  // A worker that searches is counted out: it leaves where it would fall asleep, S3 and no S4, unless it found an item;
  // that one it runs for ever.
  template <class Run>
  void search_until_out(unsigned limit, Run run) {
    if (!idle_.transition_to_searching(limit)) return;
    const int item = take();
    if (idle_.transition_from_searching(item >= 0) && item >= 0) wake(idle_.pick_to_wake());
    note_run(run, item);
    if (Steps::k_wakes_as_it_goes) wake(idle_.pick_to_wake());
  }

  // The monitor gives the seat of a spare, bell 1, and at once wants it back ("Vacating").
  void seat_and_vacate() {
    (void)idle_.transition_to_searching(idle_.k_no_limit);
    standing_.store(Steps::k_begins_itself ? k_seated : k_running, order::release);
    bells_[1].ring();
    std::uint32_t expected = k_running;
    standing_.compare_exchange_strong(expected, k_out, order::acq_rel, order::relaxed);
  }

  // The spare: O5, then it searches in the monitor's name, and leaves.
  template <class Run>
  void wait_for_a_seat(Run run) {
    bells_[1].wait();
    if (standing_.load(order::acquire) == k_out) return;  // it never learns that it counts as searching
    standing_.store(k_running, order::release);
    const int item = take();
    if (idle_.transition_from_searching(item >= 0) && item >= 0) wake(idle_.pick_to_wake());
    note_run(run, item);
    wake(idle_.pick_to_wake());
  }

  void check_end() {
    RL_ASSERT(run_.load(order::relaxed) == items_);
    RL_ASSERT(idle_.searching_hint() == 0);
    RL_ASSERT(idle_.sleeping_hint() == 0);
  }

  detail::idle_set<Env, k_most>& idle() { return idle_; }

 private:
  void wake(int worker) {
    if (worker >= 0) bells_[worker].ring();
  }

  bool in_sight() {
    for (unsigned i = 0; i != items_; ++i)
      if (state_[i].load(order::relaxed) == k_published) return true;
    return false;
  }

  int take() {
    for (unsigned i = 0; i != items_; ++i) {
      std::uint32_t expected = k_published;
      if (state_[i].compare_exchange_strong(expected, k_taken, order::relaxed, order::relaxed))
        return static_cast<int>(i);
    }
    return -1;
  }

  // S4 to S7. True: the worker counts as searching.
  bool sleep(unsigned me, unsigned& idle_ends) {
    idle_.announce_sleep(me);
    const bool found = (Steps::k_looks_again && in_sight()) || ended();
    bool rung = false;
    if (!found && idle_ends == 0) {
      bells_[me].wait();
      rung = true;
    } else if (!found) {
      rung = bells_[me].wait_a_while();
      idle_ends -= rung ? 0 : 1;
    }
    if (idle_.retract_sleep(me)) {
      RL_ASSERT(!rung);
      return false;
    }
    if (!rung) bells_[me].wait();  // the wake-up comes, or has come
    return true;
  }

  bool ended() { return all_run_.load(order::relaxed) != 0; }

  // Whoever runs the last item ends the model, and with it every sleep.
  template <class Run>
  void note_run(Run run, int item) {
    if (item < 0) return;
    run(static_cast<unsigned>(item));
    if (run_.fetch_add(1, order::relaxed) + 1 != items_) return;
    all_run_.store(1, order::relaxed);
    for (int worker = idle_.pick_any_to_wake(); worker >= 0; worker = idle_.pick_any_to_wake()) wake(worker);
  }

  using flag = typename Env::template atomic<std::uint32_t>;

  const unsigned items_;
  detail::idle_set<Env, k_most> idle_;
  flag state_[k_most];
  flag run_;
  flag all_run_;
  flag standing_;  // the spare's
  bell bells_[k_most];
};

// --- Models.

// One submitter, two workers. Each of the two items runs until the other one has begun: both workers are needed.
template <class Env, class Steps = complete>
struct both_are_needed : rl::test_suite<both_are_needed<Env, Steps>, 3> {
  world<Env, Steps> all{2};
  bell begun[2];

  void thread(unsigned index) {
    if (index == 0) {
      all.submit(0);
      all.submit(1);
    } else {
      all.work(index - 1, 1, 0, [this](unsigned item) {
        begun[item].ring();
        begun[1 - item].wait();
      });
    }
  }
  void after() { all.check_end(); }
};

// Two submitters, one worker, whose sleep may end for nothing `IdleEnds` times. The second submitter may come late.
template <class Env, unsigned IdleEnds, unsigned Late = 0>
struct two_submitters : rl::test_suite<two_submitters<Env, IdleEnds, Late>, 3> {
  world<Env, complete> all{2};

  void thread(unsigned index) {
    if (index == 1 && Late != 0) pause(rl::rand(Late));
    if (index < 2)
      all.submit(index);
    else
      all.work(0, 1, IdleEnds, [](unsigned) {});
  }
  void after() { all.check_end(); }
};

// A submitter, a worker, and another one that is not counted as searching and moves the item between queues.
template <class Env, bool MoverWakes>
struct moved_item : rl::test_suite<moved_item<Env, MoverWakes>, 3> {
  world<Env, complete> all{1};

  void thread(unsigned index) {
    if (index == 0) all.submit(0);
    if (index == 1) all.move(0, MoverWakes);
    if (index == 2) all.work(0, 1, 0, [](unsigned) {});
  }
  void after() { all.check_end(); }
};

// A submitter relies on a searcher that is counted out, and does not come to its second look; a worker that sleeps.
template <class Env, class Steps = complete>
struct searcher_is_counted_out : rl::test_suite<searcher_is_counted_out<Env, Steps>, 3> {
  world<Env, Steps> all{1};

  void thread(unsigned index) {
    if (index == 0) all.submit(0);
    if (index == 1) all.search_until_out(all.idle().k_no_limit, [](unsigned) {});
    if (index == 2) all.work(0, 1, 0, [](unsigned) {});
  }
  void after() { all.check_end(); }
};

// A submitter relies on a spare that counts as searching from before it is awake.
template <class Env, class Steps = complete>
struct spare_is_seated_and_vacated : rl::test_suite<spare_is_seated_and_vacated<Env, Steps>, 4> {
  world<Env, Steps> all{1};

  void thread(unsigned index) {
    if (index == 0) all.submit(0);
    if (index == 1) all.wait_for_a_seat([](unsigned) {});
    if (index == 2) all.work(0, 1, 0, [](unsigned) {});
    if (index == 3) all.seat_and_vacate();
  }
  void after() { all.check_end(); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<both_are_needed<env>>("two items that need both workers", 500'000);
  s.must_pass<two_submitters<env, 0>>("two submitters, one worker", 500'000);
  s.must_pass<two_submitters<env, 1>>("two submitters, one worker whose sleep may end for nothing", 500'000);
  s.must_pass<two_submitters<slow_undo_env<false>, 0, 40>>("a waker that undoes its count late", 500'000);
  s.must_pass<moved_item<env, true>>("an item moved between queues by a worker that is not searching", 500'000);
  s.must_pass<searcher_is_counted_out<env>>("a searcher that is counted out", 500'000);
  s.must_pass<spare_is_seated_and_vacated<env>>("a spare whose seat is vacated at once", 500'000);
  s.must_fail<two_submitters<model_env<no_fence>, 0>>("no fences", 500'000);
  s.must_fail<both_are_needed<env, without_second_look>>("no second look after the announcement", 500'000);
  s.must_fail<both_are_needed<env, without_waking_one_more>>("the last searcher wakes nobody", 500'000);
  s.must_fail<both_are_needed<env, second_look_takes_at_once>>("the second look takes without searching", 500'000);
  s.must_fail<two_submitters<slow_undo_env<true>, 0, 40>>("a waker whose pick failed does not look again", 500'000);
  s.must_fail<moved_item<env, false>>("who moves an item wakes nobody", 500'000);
  s.must_fail<searcher_is_counted_out<env, leaves_without_a_wake>>("who is counted out wakes nobody", 500'000);
  s.must_fail<searcher_is_counted_out<model_env<no_fence>>>("no fences as it goes", 500'000);
  s.must_fail<spare_is_seated_and_vacated<env, monitor_begins_for_it>>("a spare is counted out unseen", 500'000);
  return s.exit_code();
}
