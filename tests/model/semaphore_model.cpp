// Room: tests. Model of semaphore_word.hpp, "Permits": no more hold a permit than there are, and see what the last
// one wrote; nobody waits while a permit lies there; and a waiter who leaves takes no permit with him. The steps
// between the word's are semaphore.cpp's. A wait is a word of its own here, as park.hpp has it: one claimant wins.

#include "semaphore_word.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out.

struct complete {
  static constexpr bool k_looks_again = true;  // R2: under the lock
  static constexpr bool k_counts_won = true;   // R3: a claim that is lost gives nothing
  static constexpr bool k_marks = true;        // P3
  static constexpr bool k_keeps_rest = true;   // R4: what nobody was handed
  static constexpr bool k_goes_on = true;      // P5: R3 and R4 for those behind who leaves
  static constexpr bool k_has_all = true;      // R3: as many as are needed
};
struct without_looking_again : complete {
  static constexpr bool k_looks_again = false;
};
struct counts_the_lost : complete {
  static constexpr bool k_counts_won = false;
};
struct without_marking : complete {
  static constexpr bool k_marks = false;
};
struct drops_the_rest : complete {
  static constexpr bool k_keeps_rest = false;
};
struct leaves_and_says_nothing : complete {
  static constexpr bool k_goes_on = false;
};
struct hands_out_too_few : complete {
  static constexpr bool k_has_all = false;
};

constexpr unsigned k_most = 3;  // of threads
constexpr std::ptrdiff_t k_max = 2;

// --- The world of a model: a semaphore with one permit, and what it guards.

template <class Mutation, class Steps>
class world {
 public:
  void acquire(std::ptrdiff_t n = 1) {
    if (permits::try_take(word_, n)) return;
    if (enqueue(n) == permits::got::permits) return;
    bells_[me()].wait();
  }

  // False: it gave up.
  bool try_acquire_a_while(std::ptrdiff_t n = 1) {
    if (permits::try_take(word_, n)) return true;
    if (enqueue(n) == permits::got::permits) return true;
    if (bells_[me()].wait_a_while()) return true;
    if (!claim(me())) {
      bells_[me()].wait();  // a releaser was first, and is on its way
      return true;
    }
    leave();
    return false;
  }

  bool try_acquire() { return permits::try_take(word_, 1); }

  void release(std::ptrdiff_t n) {
    if (permits::try_put(word_, n, k_max) != permits::put::queued) return;
    bool woken[k_most] = {};
    {
      const guard held(lock_);
      if (!Steps::k_looks_again || permits::try_put(word_, n, k_max) == permits::put::queued)
        hand_out(permits::lying(word_) + n, woken);
    }
    ring(woken);
  }

  void use() { guarded_.set(guarded_.get() + 1); }

  // One permit is there again, and all uses are seen.
  void check_end(std::ptrdiff_t permits_left, int uses) {
    RL_ASSERT(guarded_.get() == uses);
    std::ptrdiff_t left = 0;
    while (permits::try_take(word_, 1)) ++left;
    RL_ASSERT(left == permits_left);
  }

 private:
  using permits = detail::semaphore_word<model_env<Mutation>>;

  static unsigned me() { return rl::thread_index(); }

  typename permits::got enqueue(std::ptrdiff_t n) {
    const guard held(lock_);
    if (!Steps::k_marks) {
      if (permits::try_take(word_, n)) return permits::got::permits;
    } else if (permits::take_or_queue(word_, n) == permits::got::permits) {
      return permits::got::permits;
    }
    needs_[me()] = n;
    is_open_[me()].store(1, order::relaxed);
    queue_[size_++] = me();
    return permits::got::place_in_queue;
  }

  bool claim(unsigned waiter) { return is_open_[waiter].exchange(0, order::acq_rel) != 0; }

  void hand_out(std::ptrdiff_t n, bool (&woken)[k_most]) {
    while (size_ != 0) {
      const std::ptrdiff_t needs = Steps::k_has_all ? needs_[queue_[0]] : 1;
      if (needs > n) break;
      const unsigned front = take(0);
      const bool won = claim(front);
      woken[front] = won;
      if (won || !Steps::k_counts_won) n -= needs;
    }
    permits::put_rest(word_, Steps::k_keeps_rest ? n : 0, size_ != 0);
  }

  void ring(const bool (&woken)[k_most]) {
    for (unsigned each = 0; each != k_most; ++each)
      if (woken[each]) bells_[each].ring();
  }

  void leave() {
    bool woken[k_most] = {};
    {
      const guard held(lock_);
      for (unsigned i = 0; i != size_; ++i)
        if (queue_[i] == me()) {
          take(i);
          break;
        }
      const std::ptrdiff_t lying = permits::lying(word_);
      if (Steps::k_goes_on && lying >= 0) hand_out(lying, woken);
    }
    ring(woken);
  }

  unsigned take(unsigned place) {
    const unsigned taken = queue_[place];
    --size_;
    for (unsigned i = place; i != size_; ++i) queue_[i] = queue_[i + 1];
    return taken;
  }

  typename permits::word word_{1};
  plain<int> guarded_{0};
  atomic<int, faithful> is_open_[k_most];  // a wait that nobody has won
  lock lock_;
  // Guarded by lock_.
  unsigned queue_[k_most] = {};
  std::ptrdiff_t needs_[k_most] = {};
  unsigned size_ = 0;
  bell bells_[k_most];
};

// --- Models.

template <class Mutation, class Steps = complete>
struct crowd : rl::test_suite<crowd<Mutation, Steps>, 3> {
  static constexpr int k_rounds = 2;
  world<Mutation, Steps> all;

  void thread(unsigned) {
    for (int round = 0; round != k_rounds; ++round) {
      all.acquire();
      all.use();
      all.release(1);
    }
  }
  void after() { all.check_end(1, 3 * k_rounds); }
};

// One waits for ever, one for a while, one does not wait.
template <class Mutation, class Steps = complete>
struct one_that_leaves : rl::test_suite<one_that_leaves<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;
  int uses = 0;

  void thread(unsigned index) {
    for (int round = 0; round != 2; ++round) {
      if (index == 0)
        all.acquire();
      else if (index == 1 ? !all.try_acquire_a_while() : !all.try_acquire())
        continue;
      all.use();
      ++uses;
      all.release(1);
    }
  }
  void after() { all.check_end(1, uses); }
};

// Two permits that are given away at once, to one who waits and one who may leave: what nobody took lies there.
template <class Mutation, class Steps = complete>
struct two_at_once : rl::test_suite<two_at_once<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;

  void before() { RL_ASSERT(all.try_acquire()); }
  void thread(unsigned index) {
    if (index == 0) {
      all.release(2);
    } else if (index == 1) {
      all.acquire();
      first_ = 1;
    } else {
      second_ = all.try_acquire_a_while() ? 1 : 0;
    }
  }
  void after() { all.check_end(2 - first_ - second_, 0); }

 private:
  std::ptrdiff_t first_ = 0, second_ = 0;
};

// Two who release, while one may leave: both may have seen somebody queued.
template <class Mutation, class Steps = complete>
struct two_who_release : rl::test_suite<two_who_release<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;
  std::ptrdiff_t taken = 0;

  void before() { RL_ASSERT(all.try_acquire()); }
  void thread(unsigned index) {
    if (index != 0)
      all.release(1);
    else if (all.try_acquire_a_while())
      taken = 1;
  }
  void after() { all.check_end(2 - taken, 0); }
};

// One permit, and one who needs two: he may leave, before or after another one is there, and those behind go on.
template <class Mutation, class Steps = complete>
struct one_that_needs_two : rl::test_suite<one_that_needs_two<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;
  int uses = 0;
  std::ptrdiff_t left = 2;

  void thread(unsigned index) {
    if (index == 0) {
      if (!all.try_acquire_a_while(2)) return;
      use_alone();
      all.release(2);
    } else if (index == 1) {
      all.acquire();
      all.use();
      ++uses;
      if (rl::rand(2) == 0) return all.release(1);
      --left;
    } else {
      all.release(1);
    }
  }
  void after() { all.check_end(left, uses); }

 private:
  // With both permits nobody else has one.
  void use_alone() {
    all.use();
    ++uses;
  }
};

// Two who need both: neither has one while the other waits for it.
template <class Mutation, class Steps = complete>
struct two_that_need_two : rl::test_suite<two_that_need_two<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;

  void thread(unsigned index) {
    if (index == 2) return all.release(1);
    all.acquire(2);
    all.use();
    all.release(1);
    all.release(1);
  }
  void after() { all.check_end(2, 2); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<crowd<faithful>>("three that acquire twice", 300'000);
  s.must_pass<one_that_leaves<faithful>>("one that waits, one that leaves, one that tries", 300'000);
  s.must_pass<two_at_once<faithful>>("two permits at once", 200'000);
  s.must_pass<two_who_release<faithful>>("two who release", 200'000);
  s.must_pass<one_that_needs_two<faithful>>("one that needs two, and may leave", 200'000);
  s.must_pass<two_that_need_two<faithful>>("two that need two", 200'000);
  s.must_fail<one_that_needs_two<faithful, leaves_and_says_nothing>>("who leaves does not tell those behind him",
                                                                     200'000);
  s.must_fail<two_that_need_two<faithful, hands_out_too_few>>("who needs two is woken with one", 200'000);
  s.must_fail<crowd<torn_cas>>("a word changed without a compare-and-swap", 100'000);
  s.must_fail<crowd<only_in<no_release, "try_put">>>("no release: try_put", 100'000);
  s.must_fail<one_that_leaves<only_in<no_release, "put_rest">>>("no release: put_rest", 300'000);
  s.must_fail<crowd<only_in<no_acquire, "try_take">>>("no acquire: try_take", 100'000);
  s.must_fail<crowd<only_in<no_acquire, "take_or_queue">>>("no acquire: take_or_queue", 300'000);
  s.must_fail<two_who_release<faithful, without_looking_again>>("the releaser does not look again under the lock",
                                                                300'000);
  s.must_fail<crowd<faithful, without_marking>>("who queues does not say so", 100'000);
  s.must_fail<one_that_leaves<faithful, counts_the_lost>>("a permit for one who has left", 300'000);
  s.must_fail<two_at_once<faithful, drops_the_rest>>("what nobody was handed is dropped", 100'000);
  return s.exit_code();
}
