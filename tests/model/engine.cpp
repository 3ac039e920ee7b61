// Room: tests. See engine.hpp.

#include "engine.hpp"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace weft::model {
namespace {

// What the stand-ins run, and where: one at a time. Relacy makes them itself, so there is no other way to tell them.
const model_kind* explored = nullptr;
model_space space;

template <unsigned Threads>
class stand_in : public rl::test_suite<stand_in<Threads>, Threads> {
 public:
  stand_in() : model_(explored->make(space)) {}
  ~stand_in() { model_->~any_model(); }
  void before() { model_->before(); }
  void thread(unsigned index) { model_->thread(index); }
  void after() { model_->after(); }

 private:
  any_model* model_;
};

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "engine.cpp: %s\n", why);
  std::abort();
}

template <unsigned Threads>
rl::test_result_e run_once(rl::test_params& params, std::ostream& final_state, bool again) {
  return rl::run_test<stand_in<Threads>, rl::random_scheduler<Threads>>(params, final_state, again);
}

// As rl::simulate for its random scheduler alone: the execution that failed is run again, to tell its history.
template <unsigned Threads>
bool explore_with(rl::test_params& params) {
  std::ostringstream state;
  const rl::test_result_e result = run_once<Threads>(params, state, false);
  if (result == rl::test_result_success) return true;
  params.initial_state = params.final_state = state.str();
  params.collect_history = true;
  const rl::iteration_t failed_in = params.stop_iteration;
  std::ostringstream replayed;
  if (run_once<Threads>(params, replayed, true) != result || params.stop_iteration != failed_in)
    give_up("the execution that failed went another way when it was run again: the model is not deterministic");
  return false;
}

}  // namespace

bool explore(const model_kind& kind, rl::test_params& params) {
  explored = &kind;
  switch (kind.threads) {
    case 2: return explore_with<2>(params);
    case 3: return explore_with<3>(params);
    case k_most_threads: return explore_with<k_most_threads>(params);
    default: give_up("no case for that many threads");
  }
}

}  // namespace weft::model
