// Room: tests. Model of waiting_word.hpp: each wait has one winner and makes its waiter ready once, no unpark
// and no cancellation is lost, a stale claim fails, and the parked stack is never touched by two. Three threads: the
// waiter, who is also whoever runs next on its thread and publishes it, and two of claimant, canceller, inspector.

#include "waiting_word.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

using detail::must;
using detail::wake_reason;

// --- The world of a model: one waiter with its word, its parked stack and a frame that the winner writes into.

template <class Env>
class world {
 public:
  using word_type = detail::waiting_word<Env>;
  using outcome = typename word_type::outcome;

  // --- The waiter.

  std::uint64_t arm(bool cancellable) {
    frame_.set(k_no_frame);
    const std::uint64_t generation = word_.arm(cancellable);
    token_.store(generation, order::release);  // as the lock around a wait list does
    return generation;
  }

  bool disarm(std::uint64_t generation) { return word_.disarm(generation); }

  // W2 to W4. `after_publishing` is what whoever runs next does.
  template <class AfterPublishing>
  wake_reason park(AfterPublishing after_publishing) {
    if (!word_.is_unparked()) {
      leave_stack();
      publish(after_publishing);
      await_resumption();
    }
    return finish();
  }

  void leave_stack() { stack_.set(k_left); }

  template <class AfterPublishing>
  void publish(AfterPublishing after_publishing) {
    if (word_.publish() == must::make_ready) return resume();
    after_publishing();
  }

  void await_resumption() {
    ready_.wait();
    RL_ASSERT(stack_.get() == k_resumed);
  }

  wake_reason finish() {
    const wake_reason reason = word_.finish();
    RL_ASSERT(frame_.get() == static_cast<int>(reason));
    return reason;
  }

  // --- Claimants. True if this one won.

  bool claim(std::uint64_t generation, wake_reason reason) { return settle(word_.claim(generation, reason), reason); }

  template <class IsMeant>
  bool cancel(IsMeant is_meant) {
    return settle(word_.cancel(is_meant), wake_reason::cancelled);
  }

  // C2 of who may not claim yet, and its claim.
  std::uint64_t cancellable_wait() const { return word_.cancellable_wait(); }

  // The first wait whose generation is above `generation`.
  std::uint64_t await_wait_after(std::uint64_t generation) {
    for (;; pause(1)) {
      const std::uint64_t now = token_.load(order::acquire);
      if (now > generation) return now;
    }
  }

  // Ends the first wait, unless another claimant has, and the second one, which nobody else may.
  void claim_both_waits() {
    std::uint64_t generation = await_wait_after(0);
    if (generation == 1) {
      (void)claim(1, wake_reason::ready);
      generation = await_wait_after(1);
    }
    RL_ASSERT(claim(generation, wake_reason::closed));
  }

  // --- The inspector.

  void inspect() {
    if (!word_.inspect()) return;
    RL_ASSERT(stack_.get() == k_left);
    if (word_.release_inspected() == must::make_ready) resume();
  }

 private:
  static constexpr int k_no_frame = -1;
  static constexpr int k_left = 1;
  static constexpr int k_resumed = 2;

  // K2, K3.
  bool settle(outcome won, wake_reason reason) {
    if (won == outcome::lost) return false;
    frame_.set(static_cast<int>(reason));
    if (word_.unpark(won == outcome::won_parked) == must::make_ready) resume();
    return true;
  }

  // The waiter runs on, on this thread.
  void resume() {
    stack_.set(k_resumed);
    ready_.ring();
  }

  word_type word_;
  atomic<std::uint64_t, faithful> token_;
  plain<int> frame_{k_no_frame};
  plain<int> stack_{0};
  bell ready_;
};

// --- Models.

// Two claimants of one wait, which the waiter may also end itself: exactly one wins.
template <class Env>
struct one_winner : rl::test_suite<one_winner<Env>, 3> {
  world<Env> all;
  bool won[2] = {};
  bool disarmed = false;

  void thread(unsigned index) {
    if (index == 0) {
      const std::uint64_t generation = all.arm(false);
      disarmed = rl::rand(3) == 0 && all.disarm(generation);
      if (!disarmed) (void)all.park([] {});
    } else {
      const wake_reason reason = index == 1 ? wake_reason::ready : wake_reason::timed_out;
      won[index - 1] = all.claim(all.await_wait_after(0), reason);
    }
  }
  void after() { RL_ASSERT((won[0] ? 1 : 0) + (won[1] ? 1 : 0) + (disarmed ? 1 : 0) == 1); }
};

// A token that outlives its wait: claims made with it lose against the next wait.
template <class Env>
struct stale_token : rl::test_suite<stale_token<Env>, 3> {
  world<Env> all;

  void thread(unsigned index) {
    if (index == 0) {
      (void)all.arm(false);
      RL_ASSERT(all.park([] {}) != wake_reason::closed);
      (void)all.arm(false);
      RL_ASSERT(all.park([] {}) == wake_reason::closed);
    } else if (index == 1) {
      all.claim_both_waits();
    } else {
      (void)all.claim(1, wake_reason::timed_out);
      pause(rl::rand(20));
      (void)all.claim(1, wake_reason::again);
    }
  }
};

// A dump holds the parked stack while a claimant ends the wait.
template <class Env>
struct inspector : rl::test_suite<inspector<Env>, 3> {
  world<Env> all;

  void thread(unsigned index) {
    if (index == 0) {
      (void)all.arm(false);
      RL_ASSERT(all.park([] {}) == wake_reason::ready);
    } else if (index == 1) {
      RL_ASSERT(all.claim(all.await_wait_after(0), wake_reason::ready));
    } else {
      for (int look = 0; look != 2; ++look) {
        pause(rl::rand(20));
        all.inspect();
      }
    }
  }
};

// Two threads that each end the wait, by a claim or a cancellation, and look through the stack before and after, as
// two dumps at once: one of the wins counts, and one of the four makes the waiter ready.
template <class Env>
struct two_inspectors : rl::test_suite<two_inspectors<Env>, 3> {
  world<Env> all;

  void thread(unsigned index) {
    if (index == 0) {
      (void)all.arm(true);
      (void)all.park([] {});
    } else {
      const std::uint64_t generation = all.await_wait_after(0);
      if (rl::rand(2) == 0) all.inspect();
      if (index == 1)
        (void)all.claim(generation, wake_reason::ready);
      else
        (void)all.cancel([] { return true; });
      all.inspect();
    }
  }
};

// A fiber waits until it is cancelled; its first wait may be ended by a claimant, and is then not cancellable in half
// of the executions. `LooksAfterPublishing`: the waiter's half of "Cancelling".
template <class Env, bool LooksAfterPublishing = true>
struct canceller : rl::test_suite<canceller<Env, LooksAfterPublishing>, 3> {
  world<Env> all;
  typename Env::template atomic<std::uint32_t> request;

  void thread(unsigned index) {
    if (index == 0) {
      const bool shielded = rl::rand(2) == 0;
      const wake_reason reason = wait(!shielded);
      RL_ASSERT(!shielded || reason == wake_reason::ready);
      while (!is_requested()) {
        if (wait(true) == wake_reason::cancelled) break;
      }
    } else if (index == 1) {
      (void)all.claim(all.await_wait_after(0), wake_reason::ready);
    } else {
      request.store(1, order::seq_cst);
      (void)all.cancel([] { return true; });
    }
  }

  wake_reason wait(bool cancellable) {
    (void)all.arm(cancellable);
    return all.park([this] {
      if (LooksAfterPublishing && is_requested()) (void)all.cancel([] { return true; });
    });
  }

  bool is_requested() { return request.load(order::seq_cst) != 0; }
};

// The same for who notes the wait and claims it later.
template <class Env>
struct late_canceller : canceller<Env> {
  void thread(unsigned index) {
    if (index != 2) return canceller<Env>::thread(index);
    this->request.store(1, order::seq_cst);
    const std::uint64_t generation = this->all.cancellable_wait();
    if (generation != 0) (void)this->all.claim(generation, wake_reason::cancelled);
  }
};

// The block of a fiber that was asked to end goes to another fiber, while whoever published the first one is on its
// way to cancel it. `ChecksAgain`: it asks, after it has read the word, whether the request is still there.
template <class Env, bool ChecksAgain = true>
struct reused_block : rl::test_suite<reused_block<Env, ChecksAgain>, 3> {
  world<Env> all;
  typename Env::template atomic<std::uint32_t> request;
  bell left;

  void thread(unsigned index) {
    if (index == 0) {
      (void)all.arm(true);
      request.store(1, order::seq_cst);
      all.leave_stack();
      left.ring();
      all.await_resumption();
      (void)all.finish();
      request.store(0, order::relaxed);
      (void)all.arm(true);
      RL_ASSERT(all.park([] {}) == wake_reason::closed);
    } else if (index == 1) {
      left.wait();
      all.publish([this] {
        if (is_requested()) (void)all.cancel([this] { return !ChecksAgain || is_requested(); });
      });
    } else {
      all.claim_both_waits();
    }
  }

  bool is_requested() { return request.load(order::seq_cst) != 0; }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<one_winner<env>>("one wait, two claimants, a waiter that may disarm", 1'000'000);
  s.must_pass<stale_token<env>>("a stale token wins nothing", 500'000);
  s.must_pass<inspector<env>>("an inspector holds the stack", 1'000'000);
  s.must_pass<two_inspectors<env>>("two dumps at once, beside a claim and a cancellation", 1'000'000);
  s.must_pass<canceller<env>>("a cancellation ends the wait", 1'000'000);
  s.must_pass<late_canceller<env>>("a cancellation notes the wait, and ends it later", 1'000'000);
  s.must_pass<reused_block<env>>("a cancellation for the fiber that had the block before", 500'000);
  s.must_fail<one_winner<model_env<torn_cas>>>("a claim without a compare-and-swap", 500'000);
  s.must_fail<one_winner<model_env<no_release>>>("no release: frame or stack is not handed over", 500'000);
  s.must_fail<one_winner<model_env<no_acquire>>>("no acquire: frame or stack is not handed over", 500'000);
  s.must_fail<inspector<model_env<no_acquire>>>("no acquire beside an inspector", 500'000);
  s.must_fail<canceller<model_env<no_seq_cst>>>("no seq_cst: neither sees the other", 500'000);
  s.must_fail<late_canceller<model_env<no_seq_cst>>>("no seq_cst: the noted wait is none, nor is the request seen",
                                                     500'000);
  s.must_fail<canceller<env, false>>("no look at the request after publishing", 500'000);
  s.must_fail<reused_block<env, false>>("the request is not checked again", 500'000);
  return s.exit_code();
}
