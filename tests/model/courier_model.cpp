// Room: tests. Model of "Posting from anywhere" (std_shim/interpose/courier.hpp): two signal handlers post two
// semaphores, for one fiber that waits for the first and then for the other. Nobody sleeps beside a posted semaphore,
// though the courier may be on its round when an address is left, and though there may be a slot too few. Relacy lets
// nobody who slept see an old value again; so the courier itself reads here what was written before the post, for the
// fiber. That leave is a release has no mutant: N1's fence is one here, and on x86 an order to the compiler alone.

#include <courier_slots.hpp>
#include <lot_count.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

struct complete {
  static constexpr bool k_leaves_before_the_bell = true;  // P3 before P4
  static constexpr bool k_rings = true;                   // P4
  static constexpr bool k_wakes_all = true;               // Q3
  static constexpr bool k_waits_for_the_bell = true;      // Q1 before Q2
};
struct rings_first : complete {
  static constexpr bool k_leaves_before_the_bell = false;
};
struct never_too_many : complete {
  static constexpr bool k_wakes_all = false;
};
struct bell_for_the_first_alone : complete {
  static constexpr bool k_rings = false;
};
struct rounds_before_the_bell : complete {
  static constexpr bool k_waits_for_the_bell = false;
};

template <class Mutation>
struct courier_env : model_env<Mutation> {
  static void fence_after_release(site at = site::here()) { model_env<Mutation>::fence(at); }
};

// A semaphore of libc's: one permit, to be posted once.
template <class Mutation>
class libc_semaphore {
 public:
  void post() { value_.fetch_add(1, order::release); }  // N0
  // A load that sees nothing is the end of it.
  bool try_wait() {
    int value = value_.load(order::relaxed);
    return value != 0 && value_.compare_exchange_strong(value, value - 1, order::acquire, order::relaxed);
  }

 private:
  atomic<int, Mutation> value_{0};
};

// A place of the lot, in which one fiber waits at most (lot_model.cpp has more of them).
template <class Mutation>
class place {
 public:
  void wait(std::uintptr_t address, libc_semaphore<Mutation>& word) {
    inside_.enter();
    while (!try_or_enqueue(address, word)) woken_.wait();
    inside_.leave();
  }
  bool has_nobody_after_release() { return inside_.has_nobody_after_release(); }
  // 0: whatever it waits for.
  void wake(std::uintptr_t address) {
    {
      const guard held(lock_);
      if (waits_at_ == 0 || (address != 0 && waits_at_ != address)) return;
      waits_at_ = 0;
    }
    woken_.ring();
  }

 private:
  bool try_or_enqueue(std::uintptr_t address, libc_semaphore<Mutation>& word) {
    const guard held(lock_);
    if (word.try_wait()) return true;
    waits_at_ = address;
    return false;
  }

  interpose::lot_count<courier_env<Mutation>> inside_;
  lock lock_;
  std::uintptr_t waits_at_ = 0;  // guarded by lock_
  bell woken_;
};

template <class Mutation, std::size_t Slots, class Steps = complete>
struct two_posts : rl::test_suite<two_posts<Mutation, Slots, Steps>, 4> {
  void thread(unsigned index) {
    if (index < 2) return post(index);
    if (index == 2) return carry();
    for (unsigned i = 0; i != 2; ++i) {
      lot_.wait(address_of(i), words_[i]);
      RL_ASSERT(written_[i].get() == 1);
    }
  }

 private:
  static std::uintptr_t address_of(unsigned word) { return word + 1; }

  // In a handler.
  void post(unsigned me) {
    written_[me].set(1);
    words_[me].post();
    if (lot_.has_nobody_after_release()) return ring(me);  // so that the courier's rounds end
    if (!Steps::k_leaves_before_the_bell) ring(me);
    slots_.leave(address_of(me));
    if (Steps::k_leaves_before_the_bell) ring(me);
  }

  void ring(unsigned me) {
    if (Steps::k_rings || me == 0) bell_.ring();
  }

  void carry() {
    const auto wake_one = [this](std::uintptr_t address) {
      RL_ASSERT(written_[address - 1].get() == 1);
      lot_.wake(address);
    };
    const auto wake_all = [this] {
      if (Steps::k_wakes_all) lot_.wake(0);
    };
    for (unsigned round = 0; round != (Steps::k_rings ? 2 : 1); ++round) {
      if (Steps::k_waits_for_the_bell) bell_.wait();
      slots_.take_all(wake_one, wake_all);
    }
  }

  plain<int> written_[2] = {plain<int>{0}, plain<int>{0}};
  libc_semaphore<Mutation> words_[2];
  place<Mutation> lot_;
  interpose::courier_slots<courier_env<Mutation>, Slots> slots_;
  bell bell_;
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<two_posts<faithful, 2>>("two handlers post", 200'000);
  s.must_pass<two_posts<faithful, 1>>("with a slot too few", 200'000);
  s.must_fail<two_posts<only_in<no_acquire, "take">, 2>>("an address is taken without an acquire", 100'000);
  s.must_fail<two_posts<torn_cas, 2>>("a slot is taken by a load and a store", 100'000);
  s.must_fail<two_posts<faithful, 2, rings_first>>("the bell before the address", 100'000);
  s.must_fail<two_posts<faithful, 2, bell_for_the_first_alone>>("a post that rings no bell", 100'000);
  s.must_fail<two_posts<faithful, 2, rounds_before_the_bell>>("a round before the bell", 100'000);
  s.must_fail<two_posts<faithful, 1, never_too_many>>("what had no slot is forgotten", 100'000);
  return s.exit_code();
}
