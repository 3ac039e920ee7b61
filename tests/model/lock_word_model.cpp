// Room: tests. Model of lock_word.hpp, "Unlocking cheaply": threads lock, change what is guarded, and unlock, some of
// them on a lock that only shares the bucket; the bucket is forgotten as soon as nobody is counted in, so that an
// execution meets it in all its states. A sleeper that nobody wakes is a deadlock, two holders at once are a data race.

#include <weft/runtime/detail/lock_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

template <class Mutation>
struct lock_model_env : model_env<Mutation> {
  static constexpr int k_first_pause = 1;
  static constexpr int k_longest_pause = 0;  // to the kernel at once
  static constexpr std::uint32_t k_quiet_unlocks = 1;

  static void spin_pause() {}
  template <class Word>
  static void wait_while(Word& word, std::uint32_t expected) {
    word.wait_while(expected);
  }
  template <class Word>
  static void wake_one(Word& word) {
    word.wake_one();
  }
};

template <class Mutation>
struct guarded {
  using lock = detail::lock_word<lock_model_env<Mutation>>;

  void step(typename lock::bucket& at) {
    if (!word.try_lock()) word.lock_contended(at);
    count.set(count.get() + 1);
    word.unlock(at);
  }

  lock word;
  plain<unsigned> count{0};
};

enum class kernel { has_consented, refuses, consents_meanwhile };

template <class Mutation, kernel Kernel>
struct one_lock : rl::test_suite<one_lock<Mutation, Kernel>, Kernel == kernel::consents_meanwhile ? 4 : 3> {
  static constexpr unsigned k_lockers = 3;
  static constexpr unsigned k_rounds = 2;

  typename guarded<Mutation>::lock::bucket bucket;
  guarded<Mutation> only;

  void before() {
    if (Kernel == kernel::has_consented) only.word.allow_cheap_unlocks(bucket);
  }
  void thread(unsigned index) {
    if (index == k_lockers) return only.word.allow_cheap_unlocks(bucket);
    for (unsigned i = 0; i != k_rounds; ++i) only.step(bucket);
  }
  void after() { RL_ASSERT(only.count.get() == k_lockers * k_rounds); }
};

// Two threads on each of two locks: what one pair does to the bucket must not cost the other its wake-ups.
template <class Mutation>
struct two_locks : rl::test_suite<two_locks<Mutation>, 4> {
  typename guarded<Mutation>::lock::bucket bucket;
  guarded<Mutation> each[2];

  void before() { each[0].word.allow_cheap_unlocks(bucket); }
  void thread(unsigned index) {
    for (unsigned i = 0; i != 2; ++i) each[index % 2].step(bucket);
  }
  void after() { RL_ASSERT(each[0].count.get() == 4 && each[1].count.get() == 4); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<one_lock<faithful, kernel::has_consented>>("three threads on one lock", 300'000);
  s.must_pass<one_lock<faithful, kernel::refuses>>("the same without heavy fences", 100'000);
  s.must_pass<one_lock<faithful, kernel::consents_meanwhile>>("the kernel consents meanwhile", 200'000);
  s.must_pass<two_locks<faithful>>("two locks in one bucket", 300'000);
  s.must_fail<one_lock<no_light_fence, kernel::has_consented>>("no light fence: a sleeper is overlooked", 300'000);
  s.must_fail<one_lock<no_heavy_fence, kernel::has_consented>>("no heavy fence: a sleeper is overlooked", 300'000);
  s.must_fail<two_locks<no_heavy_fence>>("no heavy fence, two locks", 300'000);
  s.must_fail<one_lock<no_release, kernel::has_consented>>("no release: what was guarded is not published", 100'000);
  s.must_fail<one_lock<no_acquire, kernel::has_consented>>("no acquire: what was guarded is not acquired", 100'000);
  s.must_fail<one_lock<torn_cas, kernel::has_consented>>("a compare-and-swap in two steps: two holders", 100'000);
  return s.exit_code();
}
