// Room: tests. Model of join_word.hpp, "Joining": a joiner sleeps only while its fiber runs, and then has its
// outcome; a cancelled one has either left or the outcome; the outcome is looked at or dropped once; the block is given
// back once, by the last of fiber and handle. The steps between the words' are fiber.cpp's. Threads: the fiber's end,
// the handle, and who cancels the handle's wait.

#include "join_word.hpp"

#include <ostream>

namespace weft::detail {
// For the history of a failed execution, found by its argument's namespace.
inline std::ostream& operator<<(std::ostream& out, join_state state) {
  return out << static_cast<std::uint32_t>(state);
}
}  // namespace weft::detail

#include "search.hpp"

namespace weft::model {
namespace {

using detail::join_state;

// --- Steps left out.

struct complete {
  static constexpr bool k_wakes_joiner = true;  // F2
  static constexpr bool k_withdraws = true;     // J4
};
struct without_waking : complete {
  static constexpr bool k_wakes_joiner = false;
};
struct without_withdrawing : complete {
  static constexpr bool k_withdraws = false;
};

// --- The world of a model: one block. Waits have generations, and one claimant each.

template <class Env, class Steps>
class world {
 public:
  world() {
    joining_.reset(join_state::running);
    holders_.reset(2);
  }

  // F1 to F3.
  void end_fiber() {
    outcome_.set(k_result);
    const join_state before = joining_.complete();
    if (before == join_state::detached) drop();
    if (before == join_state::awaited && Steps::k_wakes_joiner) claim_and_ring(joiner_.get(), k_ready);
    give_up();
  }

  // J1 to J4; true: it has looked at the outcome. False: cancelled.
  bool join(bool cancellable) {
    while (!joining_.is_done()) {
      joiner_.set(++generation_);
      cancellable_.store(cancellable ? 1 : 0, order::relaxed);
      wait_.store(generation_, order::release);
      const bool waits = joining_.await();
      if (!waits && claim(generation_)) break;
      bell_.wait();
      if (reason_.load(order::relaxed) == k_cancelled && waits && withdraw()) return false;
    }
    RL_ASSERT(outcome_.get() == k_result);
    outcome_.set(k_looked_at);
    return true;
  }

  void detach() {
    if (!joining_.detach()) drop();
  }

  void give_up() {
    if (!holders_.give_up()) return;
    RL_ASSERT(outcome_.get() == k_looked_at);
    outcome_.set(k_given_back);
    joiner_.set(0);
  }

  // Whatever wait is under way, once.
  void cancel() {
    const std::uint32_t now = wait_.load(order::acquire);
    if (now != 0 && cancellable_.load(order::relaxed) != 0) claim_and_ring(now, k_cancelled);
  }

  bool is_given_back() { return outcome_.get() == k_given_back; }

 private:
  enum : int { k_running, k_result, k_looked_at, k_given_back };
  enum : std::uint32_t { k_ready = 1, k_cancelled = 2 };

  bool withdraw() { return !Steps::k_withdraws || joining_.withdraw(); }

  void drop() {
    RL_ASSERT(outcome_.get() == k_result);
    outcome_.set(k_looked_at);
  }

  bool claim(std::uint32_t generation) {
    return wait_.compare_exchange_strong(generation, 0, order::relaxed, order::relaxed);
  }
  void claim_and_ring(std::uint32_t generation, std::uint32_t reason) {
    if (!claim(generation)) return;
    reason_.store(reason, order::relaxed);
    bell_.ring();
  }

  detail::join_word<Env> joining_;
  detail::holder_count<Env> holders_;
  plain<int> outcome_{k_running};
  plain<std::uint32_t> joiner_{0};  // the generation of the wait
  // The joiner's wait, in small: of its generation, won by the one who takes it back.
  atomic<std::uint32_t, faithful> wait_;
  atomic<std::uint32_t, faithful> cancellable_;
  atomic<std::uint32_t, faithful> reason_;
  std::uint32_t generation_ = 0;
  bell bell_;
};

// --- Models.

// Cancelled or not, the handle joins in the end, as its destructor does.
template <class Env, class Steps = complete>
struct joiner_and_canceller : rl::test_suite<joiner_and_canceller<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) all.end_fiber();
    if (index == 1) {
      if (!all.join(true)) RL_ASSERT(all.join(false));
      all.give_up();
    }
    if (index == 2) all.cancel();
  }
  void after() { RL_ASSERT(all.is_given_back()); }
};

template <class Env, class Steps = complete>
struct joiner_detaches : rl::test_suite<joiner_detaches<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) all.end_fiber();
    if (index == 1) {
      if (rl::rand(2) == 0 || !all.join(true)) all.detach();
      all.give_up();
    }
    if (index == 2) all.cancel();
  }
  void after() { RL_ASSERT(all.is_given_back()); }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<joiner_and_canceller<env>>("a join, cancelled or not", 500'000);
  s.must_pass<joiner_detaches<env>>("a handle that lets go", 500'000);
  s.must_fail<joiner_and_canceller<env, without_waking>>("the fiber's end wakes nobody", 100'000);
  s.must_fail<joiner_and_canceller<env, without_withdrawing>>("a cancelled joiner does not take its wait back",
                                                              100'000);
  s.must_fail<joiner_and_canceller<model_env<torn_cas>>>("a word changed without a compare-and-swap", 200'000);
  s.must_fail<joiner_and_canceller<weakened<no_release, "complete">>>("no release: complete", 100'000);
  s.must_fail<joiner_and_canceller<weakened<no_acquire, "complete">>>("no acquire: complete", 100'000);
  s.must_fail<joiner_and_canceller<weakened<no_acquire, "is_done">>>("no acquire: is_done", 100'000);
  s.must_fail<joiner_and_canceller<weakened<no_release, "await">>>("no release: await", 100'000);
  s.must_fail<joiner_and_canceller<weakened<no_acquire, "await">>>("no acquire on failure: await", 100'000);
  s.must_fail<joiner_detaches<weakened<no_acquire, "detach">>>("no acquire on failure: detach", 100'000);
  s.must_fail<joiner_detaches<weakened<no_release, "give_up">>>("no release: give_up", 100'000);
  s.must_fail<joiner_detaches<weakened<no_acquire, "give_up">>>("no acquire: give_up", 100'000);
  return s.exit_code();
}
