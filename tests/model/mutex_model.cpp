// Room: tests. Model of mutex_word.hpp, "Locking": one at a time has the mutex, and sees what the last one wrote;
// no waiter sleeps while the mutex is free and nobody is on the way to it, nor on the word while nobody is at the
// queue; and no more than one waiter that was woken is on its way. The steps between the word's are mutex.cpp's: here
// every waiter that was outrun may be overdue, or not, as if time passed at will, and the time of those who have a
// limit may run out. Three threads that lock, unlock and try.

#include "mutex_word.hpp"

#include <utility>

#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out.

struct complete {
  static constexpr bool k_keeps_others_woken = true;  // L5: a woken waiter that is not this one is still on its way
  static constexpr bool k_wakes_sleepers = true;      // U7, and after L5: whoever sleeps on the word
  static constexpr bool k_wakes_a_waiter = true;      // U5
  static constexpr bool k_heeds_woken = true;         // U4: unless a woken one is on its way already
  static constexpr bool k_passes_over = true;         // U4: whose time has run out
  static constexpr bool k_dequeues = true;            // L7
};
struct forgets_others_woken : complete {
  static constexpr bool k_keeps_others_woken = false;
};
struct wakes_another : complete {
  static constexpr bool k_heeds_woken = false;
};
struct wakes_one_whose_time_ran_out : complete {
  static constexpr bool k_passes_over = false;
};
struct without_dequeuing : complete {
  static constexpr bool k_dequeues = false;
};
struct without_waking_sleepers : complete {
  static constexpr bool k_wakes_sleepers = false;
};
struct without_waking_a_waiter : complete {
  static constexpr bool k_wakes_a_waiter = false;
};

constexpr unsigned k_most = 3;  // of threads

enum class patience { endless, limited };
enum class waited { woken, handed, timed_out };

// --- The sleep on a word, as the kernel has it: look and sleep are one step for whoever wakes.

class sleepers {
 public:
  template <class Word>
  void wait(Word& word, std::uint32_t expected) {
    const unsigned me = rl::thread_index();
    {
      const guard held(lock_);
      if (word.load(order::relaxed) != expected) return;
      sleeps_[me] = true;
    }
    bells_[me].wait();
  }
  void wake_all() {
    const guard held(lock_);
    for (unsigned each = 0; each != k_most; ++each)
      if (std::exchange(sleeps_[each], false)) bells_[each].ring();
  }

 private:
  lock lock_;
  bool sleeps_[k_most] = {};
  bell bells_[k_most];
};

// One mutex in each model: its words have no other way to their sleepers.
sleepers* sleepers_of_this_model = nullptr;

template <class Mutation, class Steps>
struct env : model_env<Mutation> {
  static constexpr int k_queue_spins = 1;
  static void spin_pause() { pause(1); }
  template <class Word>
  static void futex_wait(Word& word, std::uint32_t expected) {
    sleepers_of_this_model->wait(word, expected);
  }
  template <class Word>
  static void futex_wake_all(Word&) {
    if (Steps::k_wakes_sleepers) sleepers_of_this_model->wake_all();
  }
};

// --- The world of a model: a mutex and what it guards.

template <class Mutation, class Steps>
class world : detail::mutex_bits {
 public:
  world() { sleepers_of_this_model = &sleepers_; }

  bool lock(patience p = patience::endless) {
    if (lock_free()) return true;
    const unsigned me = rl::thread_index();
    bool was_woken = false;
    is_overdue_[me] = false;
    for (;;) {
      const entered where = slow::enter(word_, was_woken ? k_woken : 0);
      if (was_woken) on_their_way_.fetch_sub(1, order::relaxed);
      if (where == entered::mutex) return true;
      const waited end = wait_in_queue(me, was_woken, p);
      if (end == waited::handed) return true;
      if (end == waited::timed_out) return leave_queue(me);
      was_woken = true;
    }
  }

  bool try_lock() {
    std::uint32_t seen = word_.load(order::relaxed);
    while ((seen & k_locked) == 0)
      if (word_.compare_exchange_weak(seen, seen | k_locked, order::acquire, order::relaxed)) return true;
    return false;
  }

  void unlock() {
    std::uint32_t seen = k_locked;
    if (word_.compare_exchange_strong(seen, 0, order::release, order::relaxed)) return;
    RL_ASSERT((seen & k_locked) != 0);
    if (slow::let_go_to_woken(word_)) return;
    const entered where = slow::enter(word_, 0);
    RL_ASSERT(where == entered::queue);
    note_at_queue();
    if (!hand_off()) let_go();
  }

  void use() { guarded_.set(guarded_.get() + 1); }

  void check_end(int uses) {
    RL_ASSERT(guarded_.get() == uses);
    RL_ASSERT(word_.load(order::relaxed) == 0);
    RL_ASSERT(size_ == 0);
  }

 private:
  using slow = detail::mutex_word<env<Mutation, Steps>>;

  bool lock_free() { return (word_.fetch_or(k_locked, order::acquire) & k_locked) == 0; }

  // L4 to L6.
  waited wait_in_queue(unsigned me, bool outrun, patience p) {
    note_at_queue();
    if (outrun) is_overdue_[me] = is_overdue_[me] || rl::rand(2) == 0;
    claimed_[me].store(false, order::relaxed);
    insert(me, outrun);
    if (Steps::k_keeps_others_woken)
      slow::leave_queued(word_, outrun);
    else
      slow::release_queue(word_, k_locked | k_has_waiters);
    if (!park(me, p)) return waited::timed_out;
    return was_handed_[me] ? waited::handed : waited::woken;
  }

  // park.hpp: one claimant wins each wait, its deadline among them. True: a waker won.
  bool park(unsigned me, patience p) {
    if (p == patience::limited) {
      if (bells_[me].wait_a_while()) return true;
      if (claim(me)) return false;
    }
    bells_[me].wait();
    return true;
  }
  bool claim(unsigned who) { return !claimed_[who].exchange(true, order::acq_rel) || !Steps::k_passes_over; }

  // L7.
  bool leave_queue(unsigned me) {
    const bool has_it = slow::enter(word_, 0) == entered::mutex;
    if (has_it) RL_ASSERT(slow::enter(word_, 0) == entered::queue);
    note_at_queue();
    if (Steps::k_dequeues) remove(me);
    slow::release_queue(word_, k_locked | slow::woken_bit(word_) | waiters_bit());
    return has_it;
  }

  bool hand_off() {
    while (size_ != 0 && is_overdue_[queue_[0]]) {
      const unsigned heir = take_front();
      if (!claim(heir)) continue;
      RL_ASSERT(slow::woken_bit(word_) == 0);
      was_handed_[heir] = true;
      slow::release_queue(word_, k_locked | waiters_bit());
      bells_[heir].ring();
      return true;
    }
    return false;
  }

  void let_go() {
    if (slow::woken_bit(word_) != 0 && Steps::k_heeds_woken) return slow::release_queue(word_, k_woken | waiters_bit());
    unsigned woken = k_most;
    while (size_ != 0 && Steps::k_wakes_a_waiter && woken == k_most) {
      const unsigned front = take_front();
      if (!claim(front)) continue;
      was_handed_[front] = false;
      woken = front;
    }
    if (woken != k_most) RL_ASSERT(on_their_way_.fetch_add(1, order::relaxed) == 0);
    slow::release_queue(word_, (woken != k_most ? k_woken : 0) | waiters_bit());
    if (woken != k_most) bells_[woken].ring();
  }

  std::uint32_t waiters_bit() const { return size_ == 0 ? 0 : k_has_waiters; }

  void insert(unsigned waiter, bool in_front) {
    if (!in_front) {
      queue_[size_++] = waiter;
      return;
    }
    for (unsigned i = size_++; i != 0; --i) queue_[i] = queue_[i - 1];
    queue_[0] = waiter;
  }

  unsigned take_front() {
    const unsigned front = queue_[0];
    remove(front);
    return front;
  }

  void remove(unsigned waiter) {
    unsigned kept = 0;
    for (unsigned i = 0; i != size_; ++i)
      if (queue_[i] != waiter) queue_[kept++] = queue_[i];
    size_ = kept;
  }

  // Two at the queue at once, or without an order between them, is a data race.
  void note_at_queue() { visits_.set(visits_.get() + 1); }

  typename slow::word word_;
  sleepers sleepers_;
  plain<int> guarded_{0};
  plain<int> visits_{0};
  atomic<std::uint32_t, faithful> on_their_way_;  // woken, and neither in the mutex nor at the queue again
  // Guarded by k_queue_locked.
  unsigned queue_[k_most] = {};
  unsigned size_ = 0;
  // A waiter's, and of whoever is at the queue while it waits.
  bool is_overdue_[k_most] = {};
  bool was_handed_[k_most] = {};
  atomic<bool, faithful> claimed_[k_most];
  bell bells_[k_most];
};

// --- Models.

template <class Mutation, class Steps = complete, int Rounds = 2>
struct crowd : rl::test_suite<crowd<Mutation, Steps, Rounds>, 3> {
  world<Mutation, Steps> all;

  void thread(unsigned) {
    for (int round = 0; round != Rounds; ++round) {
      all.lock();
      all.use();
      all.unlock();
    }
  }
  void after() { all.check_end(3 * Rounds); }
};

template <class Mutation, class Steps = complete>
struct one_that_tries : rl::test_suite<one_that_tries<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;
  int uses = 2;

  void thread(unsigned index) {
    if (index == 2) {
      for (int round = 0; round != 3; ++round) {
        if (!all.try_lock()) continue;
        all.use();
        ++uses;
        all.unlock();
      }
    } else {
      all.lock();
      all.use();
      all.unlock();
    }
  }
  void after() { all.check_end(uses); }
};

// Threads 1 and 2 have a limit, thread 0 has none.
template <class Mutation, class Steps = complete>
struct two_with_a_limit : rl::test_suite<two_with_a_limit<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;
  atomic<int, faithful> uses;

  void thread(unsigned index) {
    for (int round = 0; round != 2; ++round) {
      if (!all.lock(index == 0 ? patience::endless : patience::limited)) continue;
      all.use();
      uses.fetch_add(1, order::relaxed);
      all.unlock();
    }
  }
  void after() { all.check_end(uses.load(order::relaxed)); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<crowd<faithful>>("three that lock twice", 500'000);
  s.must_pass<one_that_tries<faithful>>("two that lock, one that tries", 500'000);
  s.must_pass<two_with_a_limit<faithful>>("three that lock, two of them with a limit", 500'000);
  s.must_fail<two_with_a_limit<faithful, wakes_one_whose_time_ran_out>>("one whose time ran out is woken", 100'000);
  s.must_fail<two_with_a_limit<faithful, without_dequeuing>>("one whose time ran out stays in the queue", 100'000);
  s.must_fail<crowd<torn_cas>>("a word changed without a compare-and-swap", 100'000);
  s.must_fail<crowd<only_in<no_acquire, "enter">>>("no acquire: enter", 100'000);
  s.must_fail<crowd<only_in<no_release, "release_queue">>>("no release: release_queue", 100'000);
  s.must_fail<crowd<only_in<no_release, "let_go_to_woken">>>("no release: let_go_to_woken", 500'000);
  s.must_fail<crowd<faithful, without_waking_sleepers>>("sleepers on the word are not woken", 500'000);
  s.must_fail<crowd<faithful, without_waking_a_waiter>>("the unlocker wakes nobody", 100'000);
  s.must_fail<crowd<faithful, wakes_another>>("the unlocker wakes another while one is on its way", 500'000);
  s.must_fail<crowd<faithful, forgets_others_woken>>("who queues forgets that another was woken", 500'000);
  return s.exit_code();
}
