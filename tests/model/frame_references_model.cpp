// Room: tests. Model of "Bringing" (weft/async/detail/pending_result.hpp): the frame is over once, when nobody refers
// to it any more, and whoever goes on then sees all that was done to it. Threads: who brings the result, the waiter,
// and the one that the waiter sends to ask for the end. P6's lock is a release and an acquire here.

#include <weft/async/detail/frame_references.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

// --- Steps left out or exchanged.

struct complete {
  static constexpr bool k_refers_while_there = true;  // P3
  static constexpr bool k_only_the_last_ends = true;  // P5
};
struct refers_to_what_is_over : complete {
  static constexpr bool k_refers_while_there = false;
};
struct everyone_ends : complete {
  static constexpr bool k_only_the_last_ends = false;
};

template <class Env, class Steps = complete>
struct bringing : rl::test_suite<bringing<Env, Steps>, 3> {
  void thread(unsigned index) {
    if (index == 0) bring();
    if (index == 1) wait();
    if (index == 2) ask();
  }
  void after() { RL_ASSERT(ends_.get() == 1); }

 private:
  enum : int { k_nobody_yet, k_sent, k_looked };

  void bring() {
    result_.set(1);
    let_go();
  }

  // P3; and the end of the frame, if it is over by then.
  void wait() {
    const bool may_ask = references_.refer() || !Steps::k_refers_while_there;
    if (may_ask && sent_.exchange(k_sent, std::memory_order_acq_rel) == k_looked) use_reference();
    if (over_.load(std::memory_order_acquire) == 0) return;
    RL_ASSERT(result_.get() == 1);
    result_.set(0);
    signal_.set(0);
  }

  // Who comes second has the reference: nobody has to wait here.
  void ask() {
    if (sent_.exchange(k_looked, std::memory_order_acq_rel) == k_sent) use_reference();
  }
  void use_reference() {
    signal_.set(1);
    let_go();
  }

  void let_go() {
    if (!references_.let_go() && Steps::k_only_the_last_ends) return;
    ends_.set(ends_.get() + 1);
    over_.store(1, std::memory_order_release);
  }

  detail::frame_references<Env> references_;
  typename model_env<faithful>::template atomic<int> over_{0};
  typename model_env<faithful>::template atomic<int> sent_{k_nobody_yet};
  plain<int> result_{0};
  plain<int> signal_{0};
  plain<int> ends_{0};
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<bringing<env>>("a result that is brought while its end is asked for", 200'000);
  s.must_fail<bringing<env, refers_to_what_is_over>>("a reference taken to what is over", 10'000);
  s.must_fail<bringing<env, everyone_ends>>("ended by who is not the last", 10'000);
  s.must_fail<bringing<model_env<torn_cas>>>("a reference taken without a compare-and-swap", 100'000);
  s.must_fail<bringing<weakened<no_release, "let_go">>>("no release: let_go", 10'000);
  s.must_fail<bringing<weakened<no_acquire, "let_go">>>("no acquire: let_go", 10'000);
  return s.exit_code();
}
