// Room: tests. Model of abandon_word.hpp, "Abandoning": whoever comes second has the call, with all that the other did
// to it; it is freed once; a caller that was not abandoned has what it found. Threads: the caller, and the helper.

#include "abandon_word.hpp"

#include <ostream>

namespace weft::detail {
// For the history of a failed execution, found by its argument's namespace.
inline std::ostream& operator<<(std::ostream& out, abandon_state state) {
  return out << static_cast<std::uint32_t>(state);
}
}  // namespace weft::detail

#include "search.hpp"

namespace weft::model {
namespace {

using detail::abandon_state;

// --- Steps left out or exchanged.

struct complete {
  static constexpr bool k_caller_heeds_others = true;   // C3
  static constexpr bool k_helper_looks_first = true;    // H1
  static constexpr bool k_helper_heeds_callers = true;  // H3
};
struct caller_takes_all : complete {
  static constexpr bool k_caller_heeds_others = false;
};
struct helper_takes_all : complete {
  static constexpr bool k_helper_heeds_callers = false;
};
struct runs_what_was_given_up : complete {
  static constexpr bool k_helper_looks_first = false;
};

// --- One call. What it owns is plain, so that the word alone hands it over.

template <class Env, class Steps = complete>
struct giving_up : rl::test_suite<giving_up<Env, Steps>, 2> {
  void thread(unsigned index) { index == 0 ? call() : help(); }
  void after() {
    RL_ASSERT(freed_.get() == 1);
    RL_ASSERT(was_queued_.get() == 0 || found_.get() == k_nothing);
  }

 private:
  enum : int { k_nothing, k_found };

  // C3, by one who was woken by a time limit.
  void call() {
    RL_ASSERT(token_.get() != 0);
    const abandon_state was = word_.abandon();
    was_queued_.set(was == abandon_state::queued);
    if (was != abandon_state::done && Steps::k_caller_heeds_others) return;
    RL_ASSERT(found_.get() == k_found);
    free();
  }

  void help() {
    if (!word_.begin() && Steps::k_helper_looks_first) return free();
    found_.set(k_found);
    RL_ASSERT(token_.get() != 0);
    if (!word_.finish() || !Steps::k_helper_heeds_callers) free();
  }

  void free() {
    token_.set(0);
    freed_.set(freed_.get() + 1);
  }

  detail::abandon_word<Env> word_;
  plain<int> found_{k_nothing};
  plain<int> token_{1};  // read by both while they have the call
  plain<int> freed_{0};
  plain<int> was_queued_{0};  // given up before it began
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<giving_up<env>>("a call that is given up", 200'000);
  s.must_fail<giving_up<env, caller_takes_all>>("the caller frees what still runs", 10'000);
  s.must_fail<giving_up<env, helper_takes_all>>("the helper frees what the caller takes back", 10'000);
  s.must_fail<giving_up<env, runs_what_was_given_up>>("the helper runs what was given up before", 10'000);
  s.must_fail<giving_up<model_env<torn_cas>>>("a word changed without a compare-and-swap", 100'000);
  s.must_fail<giving_up<weakened<no_acquire, "begin">>>("no acquire: begin", 10'000);
  s.must_fail<giving_up<weakened<no_release, "finish">>>("no release: finish", 10'000);
  s.must_fail<giving_up<weakened<no_acquire, "finish">>>("no acquire: finish", 10'000);
  s.must_fail<giving_up<weakened<no_release, "abandon">>>("no release: abandon", 10'000);
  s.must_fail<giving_up<weakened<no_acquire, "abandon">>>("no acquire: abandon", 10'000);
  return s.exit_code();
}
