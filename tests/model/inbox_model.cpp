// Room: tests. Model of inbox.hpp, "Sending home": no fiber waits in the inbox of a worker that sleeps and that
// nobody wakes; each is taken once, with what it points to, and those of one sender in their order. The worker sleeps
// in its seat, or has been counted out and sleeps as a spare: one left asleep beside an item is a deadlock. So it is
// when a dump takes out what has arrived, looks at it, and sends it back ("Looking at the ready").

#include "inbox.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

struct item;

struct plain_link : plain<item*> {
  plain_link() : plain(nullptr) {}
  plain_link& operator=(item* to) {
    set(to);
    return *this;
  }
  operator item*() const { return get(); }  // NOLINT: as relaxed<T>
};

struct item {
  plain_link link;
  plain<unsigned> number{0};  // written before the push, read by who took it
};

// --- Steps left out.

struct complete {
  static constexpr bool k_looks_again = true;    // Q3
  static constexpr bool k_wakes_the_out = true;  // P3: only one that runs is not woken
  static constexpr bool k_sends_back = true;     // L3: P1 to P4, and not P1 alone
};
struct without_second_look : complete {
  static constexpr bool k_looks_again = false;
};
struct sends_back_in_silence : complete {
  static constexpr bool k_sends_back = false;
};
struct wakes_seated_sleepers_alone : complete {
  static constexpr bool k_wakes_the_out = false;
};

constexpr unsigned k_items = 3;
constexpr std::uint32_t k_running = 0;
constexpr std::uint32_t k_sleeping = 1;
constexpr std::uint32_t k_out = 2;

// --- The world of a model: one worker, its inbox, its parker.

template <class Env, class Steps>
class world {
 public:
  // P1 to P4.
  void send(unsigned number) {
    items_[number].number.set(number + 1);
    send_out(&items_[number]);
  }

  // L1 to L3, of all that has arrived; in any order, so the takers ask for none.
  void look() {
    keeps_order_ = false;
    item* each = arrivals_.take_arrived();
    while (each != nullptr) {
      item* const older = each->link;
      RL_ASSERT(each->number.get() != 0);
      if (Steps::k_sends_back)
        send_out(each);
      else
        arrivals_.push(each);
      each = older;
    }
  }

  void count_out() { standing_.store(k_out, order::relaxed); }

  // Q1 to Q4 in its seat, until all have been taken.
  void work_seated() {
    while (!take_all()) {
      standing_.store(k_sleeping, order::relaxed);
      fall_asleep();
      standing_.store(k_running, order::relaxed);
    }
  }

  // It runs until it sees that it was counted out; then it is a spare.
  void work_until_out() {
    while (standing_.load(order::relaxed) != k_out) pause(1);
    while (!take_all()) fall_asleep();
  }

  void check_end() {
    RL_ASSERT(taken_ == k_items);
    RL_ASSERT(!arrivals_.has_arrived() && !arrivals_.has_due());
  }

 private:
  void send_out(item* to_go) {
    arrivals_.send(to_go);
    const std::uint32_t seen = standing_.load(order::relaxed);
    if (seen == k_sleeping || (Steps::k_wakes_the_out && seen == k_out)) parker_.ring();
  }

  void fall_asleep() {
    Env::fence();
    if (!Steps::k_looks_again || !arrivals_.has_arrived()) parker_.wait();
  }

  bool take_all() {
    while (item* const each = arrivals_.take()) {
      const unsigned number = each->number.get();
      // Items 0 and 1 come from one sender.
      if (number == 2 && keeps_order_) RL_ASSERT(has_taken_first_);
      has_taken_first_ = has_taken_first_ || number == 1;
      each->number.set(0);  // it runs: nobody else touches it
      ++taken_;
    }
    return taken_ == k_items;
  }

  item items_[k_items];
  detail::inbox<Env, item> arrivals_;
  typename Env::template atomic<std::uint32_t> standing_{k_running};
  bell parker_;
  unsigned taken_ = 0;
  bool has_taken_first_ = false;
  bool keeps_order_ = true;
};

// --- Models.

template <class Mutation, class Steps = complete>
struct a_worker_sleeps_in_its_seat : rl::test_suite<a_worker_sleeps_in_its_seat<Mutation, Steps>, 3> {
  world<model_env<Mutation>, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      all.send(0);
      all.send(1);
    }
    if (index == 1) all.send(2);
    if (index == 2) all.work_seated();
  }
  void after() { all.check_end(); }
};

template <class Mutation, class Steps = complete>
struct a_worker_is_counted_out : rl::test_suite<a_worker_is_counted_out<Mutation, Steps>, 3> {
  world<model_env<Mutation>, Steps> all;

  void thread(unsigned index) {
    if (index == 0)
      for (unsigned i = 0; i != k_items; ++i) all.send(i);
    if (index == 1) all.count_out();
    if (index == 2) all.work_until_out();
  }
  void after() { all.check_end(); }
};

template <class Mutation, class Steps = complete>
struct a_dump_looks_into_it : rl::test_suite<a_dump_looks_into_it<Mutation, Steps>, 3> {
  world<model_env<Mutation>, Steps> all;

  void thread(unsigned index) {
    if (index == 0)
      for (unsigned i = 0; i != k_items; ++i) all.send(i);
    if (index == 1) all.look();
    if (index == 2) all.work_seated();
  }
  void after() { all.check_end(); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<a_worker_sleeps_in_its_seat<faithful>>("two senders, a worker that sleeps in its seat", 300'000);
  s.must_pass<a_worker_is_counted_out<faithful>>("a sender, a worker that is counted out meanwhile", 300'000);
  s.must_pass<a_dump_looks_into_it<faithful>>("a sender, and a dump that looks at what has arrived", 300'000);
  s.must_fail<a_dump_looks_into_it<faithful, sends_back_in_silence>>("a dump that sends back without a wake", 300'000);
  s.must_fail<a_dump_looks_into_it<no_acquire>>("no acquire: the dump's item is not acquired", 300'000);
  s.must_fail<a_worker_sleeps_in_its_seat<no_fence>>("no fences: the sleeper is not woken", 300'000);
  s.must_fail<a_worker_is_counted_out<no_fence>>("no fences: the spare is not woken", 300'000);
  s.must_fail<a_worker_sleeps_in_its_seat<faithful, without_second_look>>("no second look", 300'000);
  s.must_fail<a_worker_is_counted_out<faithful, wakes_seated_sleepers_alone>>("a spare is not woken", 300'000);
  s.must_fail<a_worker_sleeps_in_its_seat<no_release>>("no release: the item is not published", 300'000);
  s.must_fail<a_worker_sleeps_in_its_seat<no_acquire>>("no acquire: the item is not acquired", 300'000);
  s.must_fail<a_worker_sleeps_in_its_seat<torn_cas>>("a push that is a load and a store", 300'000);
  return s.exit_code();
}
