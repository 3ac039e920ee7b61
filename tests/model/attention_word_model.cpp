// Room: tests. Model of attention_word.hpp, "Asking to end": whoever asks for a fiber's end and the fiber that
// makes its stop source known do not miss each other; a request is not lost beside a limit that begins and ends, and
// what came before it is seen with it. The wait is waiting_word_model.cpp's ("Cancelling"). The stop source is a word.

#include "attention_word.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

struct complete {
  static constexpr bool k_looks_after_publishing = true;  // B2
};
struct without_looking : complete {
  static constexpr bool k_looks_after_publishing = false;
};

// --- One fiber that makes its stop source known, one who asks for its end.

template <class Env, class Steps = complete>
struct asker_and_source : rl::test_suite<asker_and_source<Env, Steps>, 2> {
  detail::attention_word<Env> attention;
  typename Env::template atomic<std::uint32_t> source;  // 1: known
  atomic<std::uint32_t, faithful> told;

  void before() {
    attention.reset(false, false);
    source.store(0, order::relaxed);
    told.store(0, order::relaxed);
  }

  void thread(unsigned index) {
    if (index == 0) {
      publish_source();
      if (Steps::k_looks_after_publishing && attention.is_requested()) tell();
    } else {
      attention.request();
      if (load_source() != 0) tell();
    }
  }

  void after() { RL_ASSERT(told.load(order::relaxed) != 0); }

 private:
  // As in fiber_extension.cpp: publish (B1) and stop_source_of (A2).
  void publish_source() { source.store(1, order::seq_cst); }
  std::uint32_t load_source() { return source.load(order::seq_cst); }
  void tell() { told.fetch_add(1, order::relaxed); }
};

// --- One fiber that goes into limits and out of them, two who ask.

template <class Env>
struct askers_and_limits : rl::test_suite<askers_and_limits<Env>, 3> {
  detail::attention_word<Env> attention;

  void before() { attention.reset(false, false); }

  void thread(unsigned index) {
    if (index != 0) return attention.request();
    for (int i = 0; i < 2; ++i) {
      attention.begin_limit();
      RL_ASSERT(attention.is_set());
      attention.end_limit();
    }
  }

  void after() {
    RL_ASSERT(attention.is_requested());
    attention.reset(false, true);
    RL_ASSERT(attention.is_set() && !attention.is_requested());
    attention.end_limit();
    RL_ASSERT(!attention.is_set());
  }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<asker_and_source<env>>("who asks and who can be told", 300'000);
  s.must_pass<askers_and_limits<env>>("requests beside limits", 300'000);
  s.must_fail<asker_and_source<env, without_looking>>("a source that is known too late is not set", 100'000);
  s.must_fail<asker_and_source<weakened<no_seq_cst, "request">>>("no order: request", 100'000);
  s.must_fail<asker_and_source<weakened<no_seq_cst, "is_requested">>>("no order: is_requested", 100'000);
  s.must_fail<asker_and_source<weakened<no_seq_cst, "publish_source">>>("no order: publish_source", 100'000);
  s.must_fail<asker_and_source<weakened<no_seq_cst, "load_source">>>("no order: load_source", 100'000);
  return s.exit_code();
}
