// Room: tests. Model of use_word.hpp: one at a time holds a direction and sees what the last holder did; nobody
// waits for a turn that nobody gives; the descriptor is closed once, after all who used it; the block is given back
// once, after that; and a pause ends when the listener is closed. The steps between the word's are direction_use.cpp's
// and descriptor.cpp's. Three threads: users, of whom one closes or gives up.

#include <use_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

using net::detail::direction;

// --- Steps left out.

struct complete {
  static constexpr bool k_disowns = true;  // L2, nobody could be won
};
struct without_disowning : complete {
  static constexpr bool k_disowns = false;
};

constexpr unsigned k_most = 3;  // of users

enum wait_state : std::uint32_t { k_idle, k_armed, k_handed, k_closed, k_gave_up };

// --- The world of a model: one descriptor, of which one direction is used.

template <class Env, class Steps>
class world {
 public:
  using word_type = net::detail::use_word<Env>;
  using entered = typename word_type::entered;
  using parting = typename word_type::parting;

  world() { use_.reset(); }

  // A call that holds the direction. `gives_up`: it waits for a turn only if it has it at once.
  void use_direction(unsigned me, bool gives_up = false) {
    switch (use_.enter(k_read)) {
      case entered::closed: return;
      case entered::must_queue:
        if (!wait_for_turn(me, gives_up)) return leave();
        break;
      case entered::holding: break;
    }
    RL_ASSERT(descriptor_.get() == k_open);
    held_.set(held_.get() + 1);
    leave_direction();
  }

  // A call that holds none.
  void use_descriptor() {
    if (!use_.enter()) return;
    RL_ASSERT(descriptor_.get() == k_open);
    leave();
  }

  // C1 to C3. False: closed before.
  bool close() {
    if (!use_.close()) return false;
    evict();
    look_for_pauser();
    leave();
    return true;
  }

  void abandon() {
    close();
    if (use_.abandon()) give_back();
  }

  // "Pausing", P1 to P3.
  void pause_until_closed() {
    if (!use_.enter()) return;
    pausing_.store(1, order::seq_cst);
    if (!use_.is_closed()) pauser_.wait();
    leave();
  }

  unsigned given_back() const { return given_back_; }
  bool is_open() { return descriptor_.get() == k_open; }

 private:
  static constexpr direction k_read = direction::read;
  static constexpr int k_open = 1;
  static constexpr int k_shut = 2;

  // Q2. False: not in its turn.
  bool wait_for_turn(unsigned me, bool gives_up) {
    {
      const guard held(queue_lock_);
      switch (use_.try_hold(k_read)) {
        case entered::closed: return false;
        case entered::holding: return true;
        case entered::must_queue: break;
      }
      state_[me].store(k_armed, order::relaxed);
      queue_[size_++] = me;
    }
    if (gives_up && claim(me, k_gave_up)) {
      const guard held(queue_lock_);
      remove(me);
      return false;
    }
    bells_[me].wait();
    return state_[me].load(order::relaxed) == k_handed;
  }

  // L1 to L3.
  void leave_direction() {
    switch (use_.leave(k_read)) {
      case parting::nothing: return;
      case parting::close_descriptor: return close_and_leave();
      case parting::hand_over: break;
    }
    int won = -1;
    {
      const guard held(queue_lock_);
      won = claim_front(k_handed);
      if (won < 0 && Steps::k_disowns) use_.disown(k_read);
    }
    if (won >= 0) bells_[won].ring();
    leave();
  }

  void leave() {
    if (use_.leave() == parting::close_descriptor) close_and_leave();
  }

  // C3.
  void close_and_leave() {
    descriptor_.set(k_shut);
    if (use_.leave_closed()) give_back();
  }

  void give_back() {
    RL_ASSERT(descriptor_.get() == k_shut);
    held_.set(0);
    ++given_back_;
  }

  // C2.
  void evict() {
    int won[k_most];
    unsigned count = 0;
    {
      const guard held(queue_lock_);
      for (int each = claim_front(k_closed); each >= 0; each = claim_front(k_closed)) won[count++] = each;
    }
    for (unsigned i = 0; i != count; ++i) bells_[won[i]].ring();
  }

  // "Pausing", R2.
  void look_for_pauser() {
    if (pausing_.load(order::seq_cst) != 0) pauser_.ring();
  }

  bool claim(unsigned waiter, std::uint32_t reason) {
    std::uint32_t expected = k_armed;
    return state_[waiter].compare_exchange_strong(expected, reason, order::acq_rel, order::relaxed);
  }

  int claim_front(std::uint32_t reason) {
    while (size_ != 0) {
      const unsigned front = queue_[0];
      remove(front);
      if (claim(front, reason)) return static_cast<int>(front);
    }
    return -1;
  }

  void remove(unsigned waiter) {
    unsigned kept = 0;
    for (unsigned i = 0; i != size_; ++i)
      if (queue_[i] != waiter) queue_[kept++] = queue_[i];
    size_ = kept;
  }

  word_type use_;
  lock queue_lock_;
  // Guarded by queue_lock_.
  unsigned queue_[k_most] = {};
  unsigned size_ = 0;
  atomic<std::uint32_t, faithful> state_[k_most];
  bell bells_[k_most];
  plain<int> descriptor_{k_open};  // of the system: read by who uses it, written by who closes it
  plain<int> held_{0};             // what the holder of the direction alone touches
  atomic<std::uint32_t, faithful> pausing_;
  bell pauser_;
  unsigned given_back_ = 0;
};

// --- Models.

template <class Env, class Steps = complete>
struct three_users : rl::test_suite<three_users<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    all.use_direction(index, index == 2);
    if (index == 2) all.use_direction(index);
  }
  void after() { RL_ASSERT(all.is_open()); }
};

// Both destroy the handle and close: of two, one has it.
template <class Env, class Steps = complete>
struct users_and_owner : rl::test_suite<users_and_owner<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 2) return all.abandon();
    all.use_direction(index);
    if (index == 1) all.use_descriptor();
  }
  void after() { RL_ASSERT(!all.is_open() && all.given_back() == 1); }
};

template <class Env, class Steps = complete>
struct closer_and_owner : rl::test_suite<closer_and_owner<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) all.use_direction(index);
    if (index == 1) (void)all.close();
    if (index == 2) all.abandon();
  }
  void after() { RL_ASSERT(!all.is_open() && all.given_back() == 1); }
};

template <class Env, class Steps = complete>
struct pauser : rl::test_suite<pauser<Env, Steps>, 2> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) all.pause_until_closed();
    if (index == 1) (void)all.close();
  }
  void after() { RL_ASSERT(!all.is_open()); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<three_users<env>>("three users take turns, one gives up", 500'000);
  s.must_pass<users_and_owner<env>>("a handle is destroyed while two calls go on", 500'000);
  s.must_pass<closer_and_owner<env>>("one closes, another destroys the handle, a call goes on", 500'000);
  s.must_pass<pauser<env>>("a pause, and a close", 200'000);
  s.must_fail<three_users<model_env<torn_cas>>>("a word changed without a compare-and-swap", 100'000);
  s.must_fail<three_users<env, without_disowning>>("nobody could be won, and the direction is still held", 100'000);
  s.must_fail<three_users<weakened<no_acquire, "enter">>>("no acquire: enter", 200'000);
  s.must_fail<three_users<weakened<no_acquire, "try_hold">>>("no acquire: try_hold", 200'000);
  s.must_fail<three_users<weakened<no_release, "leave">>>("no release: leave", 200'000);
  s.must_fail<three_users<weakened<no_release, "disown">>>("no release: disown", 500'000);
  s.must_fail<users_and_owner<weakened<no_acquire, "leave">>>("no acquire: leave", 200'000);
  s.must_fail<users_and_owner<weakened<no_release, "leave">>>("no release: leave, beside the last user", 200'000);
  s.must_fail<closer_and_owner<weakened<no_release, "leave_closed">>>("no release: leave_closed", 200'000);
  s.must_fail<closer_and_owner<weakened<no_acquire, "abandon">>>("no acquire: abandon", 200'000);
  s.must_fail<pauser<weakened<no_seq_cst, "close">>>("no seq_cst: close", 200'000);
  s.must_fail<pauser<weakened<no_seq_cst, "is_closed">>>("no seq_cst: is_closed", 200'000);
  return s.exit_code();
}
