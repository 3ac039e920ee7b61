// Room: runtime. See simulate.hpp: the doors to simulation.hpp, and what is said when one fails.

#include <weft/runtime/simulate.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <weft/runtime/park.hpp>

#include "environment.hpp"
#include "exception_text.hpp"
#include "handler_stack.hpp"
#include "simulation.hpp"
#include "stack_overflow.hpp"
#include "terminate.hpp"

namespace weft::detail {

namespace {

std::uint64_t settled(std::uint64_t seed) { return seed != 0 ? seed : process_seed(); }

}  // namespace

simulation_run::simulation_run(const simulation_options& wanted)
    : unwinding_before_(std::uncaught_exceptions()), is_seed_given_(wanted.seed != 0) {
  if (on_fiber())
    throw std::logic_error("weft: simulate inside a fiber: it would block the worker; call it on a plain thread");
  name_fibers_on_terminate();
  report_stack_overflows();
  simulated_ = owned(new simulation(settled(wanted.seed), wanted));
}

simulation_run::~simulation_run() {
  if (std::uncaught_exceptions() <= unwinding_before_) return;
  if (!is_seed_given_)
    std::fprintf(stderr, "weft: a simulation failed: seed=%llu; WEFT_SEED, or simulation_options, replays it\n",
                 static_cast<unsigned long long>(simulated_->seed()));
  const std::string told = simulated_->has_told_choices() ? "" : simulated_->choices();
  if (!told.empty()) std::fprintf(stderr, "weft: a simulation failed: %s", told.c_str());
}

std::string simulation_run::choices() const { return simulated_->choices(); }

scheduler* simulation_run::home() noexcept { return &simulated_->home(); }
void simulation_run::run_until_done(const fiber_block* main) { simulated_->run_until_done(*main); }
void simulation_run::end() { simulated_->end(); }

// Its stack for signal handlers.
class simulation_series::thread_setup {
  handler_stack for_overflows_;
};

simulation_series::simulation_series(std::uint64_t first) : first_(settled(first)), setup_(new thread_setup) {}
simulation_series::~simulation_series() = default;

std::uint64_t simulation_series::seed(std::size_t index) const noexcept {
  const std::uint64_t seed = first_ + index;
  return seed < first_ ? seed + 1 : seed;  // 0 would stand for another
}

void simulation_series::throw_failed(std::size_t index, std::size_t of, const std::string& choices) const {
  const std::string number = std::to_string(seed(index));
  std::throw_with_nested(simulation_failed(
      seed(index), "weft: simulation " + std::to_string(index + 1) + " of " + std::to_string(of) +
                       " failed, seed=" + number + "; weft::simulate({.seed = " + number + "}, f) does it again: " +
                       text_of(std::current_exception()) + (choices.empty() ? "" : "\n" + choices)));
}

}  // namespace weft::detail
