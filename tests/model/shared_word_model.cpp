// Room: tests. Model of sync/detail/shared_word.hpp, "Sharing": those who read see what the last writer wrote, and
// nobody writes beside them; nobody is left waiting, in front of an open door or for readers who have left; and whoever
// has it to write, and knows that nobody else will come, may destroy it. The steps between the word's are
// shared_mutex.cpp's; the mutex among writers is a lock. Deadlines may pass at any moment.

#include <weft/sync/detail/shared_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out.

struct complete {
  static constexpr bool k_notes_waiting = true;         // R2
  static constexpr bool k_wakes_writer = true;          // S2
  static constexpr bool k_counts_let_in = true;         // X2
  static constexpr bool k_reopens = true;               // W5
  static constexpr bool k_unlocks_before_leave = true;  // S2 that finds the door open
  static constexpr bool k_is_last_under_lock = true;    // S2
};
struct without_waiting : complete {
  static constexpr bool k_notes_waiting = false;
};
struct without_waking_the_writer : complete {
  static constexpr bool k_wakes_writer = false;
};
struct without_counting_let_in : complete {
  static constexpr bool k_counts_let_in = false;
};
struct without_reopening : complete {
  static constexpr bool k_reopens = false;
};
struct leaves_under_lock : complete {
  static constexpr bool k_unlocks_before_leave = false;
};
struct leaves_before_the_lock : complete {
  static constexpr bool k_is_last_under_lock = false;
};

constexpr unsigned k_most = 3;  // of threads

enum class patience { endless, limited };

template <class Mutation, class Steps>
class world {
 public:
  bool lock_shared(patience p) {
    const unsigned me = rl::thread_index();
    while (!try_enter()) {
      {
        const visit at_queue(*this);
        if (Steps::k_notes_waiting && !word_.note_waiting()) continue;
        claimed_[me].store(false, order::relaxed);
        queue_[size_++] = me;
      }
      return park(me, p) || leave_door(me);
    }
    return true;
  }

  void unlock_shared() {
    for (;;) {
      touch();
      const left first = word_.try_leave();
      RL_ASSERT(first != left::nobody);
      if (first == left::done) return;
      unsigned writer = k_most;
      if (!leave_last(writer)) continue;
      if (writer != k_most) bells_[writer].ring();
      return;
    }
  }

  bool lock(patience p) {
    const unsigned me = rl::thread_index();
    touch();
    writers_.acquire();
    touch();
    if (word_.try_close() || await_empty(me, p)) return true;
    touch();
    writers_.release();
    return false;
  }

  void unlock() {
    touch();
    if (!word_.try_open()) open();
    touch();
    writers_.release();
  }

  void write() { guarded_.set(guarded_.get() + 1); }
  int read() const { return guarded_.get(); }

  // By a writer that has it, and knows that nobody else will come: what touches the mutex after this is a race.
  void destroy() { alive_.set(0); }

  void check_end() {
    RL_ASSERT(size_ == 0);
    RL_ASSERT(word_.try_close());
  }

 private:
  using word = detail::shared_word<model_env<Mutation>>;
  using left = typename word::left;

  void touch() const { RL_ASSERT(alive_.get() == 1); }

  class visit {
   public:
    explicit visit(world& of) : of_(of) {
      of.touch();
      of.queue_lock_.acquire();
    }
    ~visit() {
      of_.touch();
      of_.queue_lock_.release();
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

   private:
    world& of_;
  };

  bool try_enter() {
    touch();
    return word_.try_enter();
  }

  // R3.
  bool leave_door(unsigned me) {
    {
      const visit at_queue(*this);
      unsigned kept = 0;
      for (unsigned i = 0; i != size_; ++i)
        if (queue_[i] != me) queue_[kept++] = queue_[i];
      const bool was_there = kept != size_;
      size_ = kept;
      if (was_there && size_ == 0) word_.note_none_waiting();
    }
    return try_enter();
  }

  // S2. False: the door was open.
  bool leave_last(unsigned& writer) {
    if (!Steps::k_is_last_under_lock) static_cast<void>(word_.try_leave_last());
    const visit at_queue(*this);
    const left last = Steps::k_is_last_under_lock ? word_.try_leave_last() : left::last;
    if (last == left::retry && Steps::k_unlocks_before_leave) return false;
    if (last == left::retry) return word_.try_leave() == left::done;
    if (last == left::last && Steps::k_wakes_writer && claim(closer_)) writer = closer_;
    return true;
  }

  // W3 to W5.
  bool await_empty(unsigned me, patience p) {
    {
      const visit at_queue(*this);
      if (word_.close()) return true;
      claimed_[me].store(false, order::relaxed);
      closer_ = me;
    }
    if (park(me, p)) return true;
    winners let_in;
    {
      const visit at_queue(*this);
      if (word_.is_empty()) return true;
      if (Steps::k_reopens) word_.open(claim_readers(let_in));
    }
    ring(let_in);
    return false;
  }

  // X2.
  void open() {
    winners let_in;
    {
      const visit at_queue(*this);
      const unsigned readers = claim_readers(let_in);
      word_.open(Steps::k_counts_let_in ? readers : 0);
    }
    ring(let_in);
  }

  struct winners {
    unsigned who[k_most] = {};
    unsigned count = 0;
  };

  unsigned claim_readers(winners& won) {
    for (unsigned i = 0; i != size_; ++i)
      if (claim(queue_[i])) won.who[won.count++] = queue_[i];
    size_ = 0;
    return won.count;
  }

  void ring(const winners& won) {
    for (unsigned i = 0; i != won.count; ++i) bells_[won.who[i]].ring();
  }

  // park.hpp: one claimant wins each wait, its deadline among them.
  bool claim(unsigned who) { return !claimed_[who].exchange(true, order::acq_rel); }

  // True: a waker won.
  bool park(unsigned me, patience p) {
    if (p == patience::limited) {
      if (bells_[me].wait_a_while()) return true;
      if (claim(me)) return false;
    }
    bells_[me].wait();
    return true;
  }

  word word_;
  model::lock writers_;
  model::lock queue_lock_;
  plain<int> guarded_{0};
  plain<int> alive_{1};
  unsigned queue_[k_most] = {};
  unsigned size_ = 0;
  unsigned closer_ = 0;
  atomic<bool, faithful> claimed_[k_most];
  bell bells_[k_most];
};

// --- Models.

template <class Mutation, class Steps = complete>
struct two_read_one_writes : rl::test_suite<two_read_one_writes<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      for (int round = 0; round != 2; ++round) {
        all.lock(patience::endless);
        all.write();
        all.unlock();
      }
    } else if (all.lock_shared(index == 1 ? patience::endless : patience::limited)) {
      static_cast<void>(all.read());
      all.unlock_shared();
    }
  }
  void after() { all.check_end(); }
};

template <class Mutation, class Steps = complete>
struct one_reads_two_write : rl::test_suite<one_reads_two_write<Mutation, Steps>, 3> {
  world<Mutation, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      for (int round = 0; round != 2; ++round) {
        all.lock_shared(patience::endless);
        static_cast<void>(all.read());
        all.unlock_shared();
      }
    } else if (all.lock(index == 1 ? patience::endless : patience::limited)) {
      all.write();
      all.unlock();
    }
  }
  void after() { all.check_end(); }
};

// Thread 2 destroys it, once the others have it or have given up.
template <class Mutation, class Steps = complete, bool HasHastyWriter = false>
struct one_destroys : rl::test_suite<one_destroys<Mutation, Steps, HasHastyWriter>, 3> {
  world<Mutation, Steps> all;
  atomic<unsigned, faithful> came;

  void thread(unsigned index) {
    if (index == 2) {
      while (came.load(order::acquire) != 2) pause(1);
      while (!all.lock(patience::limited)) pause(1);
      all.unlock();
      all.destroy();
    } else if (index == 1 && HasHastyWriter) {
      if (all.lock(patience::limited)) all.unlock();
      came.fetch_add(1, order::release);
    } else {
      all.lock_shared(patience::endless);
      came.fetch_add(1, order::release);
      static_cast<void>(all.read());
      all.unlock_shared();
    }
  }
};

template <class Mutation, class Steps = complete>
using readers_and_one_that_destroys = one_destroys<Mutation, Steps, false>;
template <class Mutation, class Steps = complete>
using a_hasty_writer_and_one_that_destroys = one_destroys<Mutation, Steps, true>;

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<two_read_one_writes<faithful>>("two that read, one that writes", 300'000);
  s.must_pass<one_reads_two_write<faithful>>("one that reads, two that write", 300'000);
  s.must_pass<readers_and_one_that_destroys<faithful>>("two that read, one that destroys", 300'000);
  s.must_pass<a_hasty_writer_and_one_that_destroys<faithful>>("a hasty writer, one that reads, one that destroys",
                                                              300'000);
  s.must_fail<two_read_one_writes<torn_cas>>("a word changed without a compare-and-swap", 100'000);
  s.must_fail<two_read_one_writes<only_in<no_acquire, "try_enter">>>("no acquire: try_enter", 100'000);
  s.must_fail<two_read_one_writes<only_in<no_release, "try_leave">>>("no release: try_leave", 100'000);
  s.must_fail<two_read_one_writes<only_in<no_acquire, "try_close">>>("no acquire: try_close", 100'000);
  s.must_fail<two_read_one_writes<only_in<no_release, "try_open">>>("no release: try_open", 100'000);
  s.must_fail<two_read_one_writes<only_in<no_acquire, "close">>>("no acquire: close", 300'000);
  s.must_fail<two_read_one_writes<only_in<no_acquire, "try_leave_last">>>("no acquire: try_leave_last", 300'000);
  s.must_fail<two_read_one_writes<only_in<no_release, "open">>>("no release: open", 300'000);
  s.must_fail<two_read_one_writes<faithful, without_waiting>>("who waits to read does not say so", 100'000);
  s.must_fail<two_read_one_writes<faithful, without_waking_the_writer>>("the last reader wakes nobody", 100'000);
  s.must_fail<two_read_one_writes<faithful, without_counting_let_in>>("who is let in is not counted", 100'000);
  s.must_fail<one_reads_two_write<faithful, without_reopening>>("a writer that gives up leaves the door closed",
                                                                100'000);
  s.must_fail<readers_and_one_that_destroys<faithful, leaves_before_the_lock>>("the last reader leaves before the lock",
                                                                               300'000);
  s.must_fail<a_hasty_writer_and_one_that_destroys<faithful, leaves_under_lock>>(
      "a reader that finds the door open leaves under the lock", 300'000);
  return s.exit_code();
}
