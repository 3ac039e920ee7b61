#pragma once
// Room: runtime. A simulation: one runtime on the thread that made it, with its order, its random numbers and its clock
// in one place. It owns the choice of what runs next and the virtual time; how a fiber is entered is worker.hpp's, what
// users see simulate.hpp's.
//
// "Choosing". The worker's next visit at home is always overdue, so that each parking, yield and end comes home, here:
//   Z1 all that became ready, from whichever queue it lies in, joins the candidates
//   Z2 so does each wait whose deadline has come; it is claimed when it is drawn, and not before, so that a waker may
//      still be first
//   Z3 one candidate is drawn, uniformly, with the worker's generator, which a select draws from, too
//   Z4 none: time goes to the earliest deadline, Z1 again; no deadline either: all are asleep
// A fiber that comes to a scheduling point is put behind the others that are ready, and so is a candidate itself.
// Nothing here depends on an address: where fibers are found by a walk over their slab they are put in the order of
// their numbers.
//
// "The end of a simulation", where "The end" (scheduler.hpp) waits for its workers: what is left is cancelled and run;
// if all are asleep again, the wait of one of them is ended that none may cancel elsewhere (cancellation::unless_stuck,
// park.hpp), and again.
//
// Rejected: a scheduler loop of its own with its own queues: the queues, and with them every branch on a real switch's
// path, are those of the real runtime, and no path pays for a test. Stealing from more than one simulated worker: it
// makes no order that a uniform choice does not. Priorities instead of a uniform choice (PCT): they find deep bugs of
// many steps sooner, and need to be told how deep; a further way to draw would go into Z3.
// All of it is used at home alone, on the simulation's thread; fibers ask for the time. Next: simulation.cpp.

#include <cstdint>
#include <string>
#include <vector>

#include <weft/runtime/detail/clock_source.hpp>
#include <weft/runtime/options.hpp>
#include <weft/runtime/simulate.hpp>

#include "choice_log.hpp"
#include "handler_stack.hpp"
#include "relaxed.hpp"
#include "scheduler.hpp"
#include "timer_queue.hpp"

namespace weft::detail {

class simulation final : public clock_source, private simulated_end {
 public:
  // From here to its end the calling thread is the worker.
  simulation(std::uint64_t seed, const simulation_options& wanted);
  ~simulation() override;

  [[nodiscard]] scheduler& home() noexcept { return home_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  // Runs until `main` has ended. Throws deadlock, livelock.
  void run_until_done(const fiber_block& main);
  // Throws deadlock or livelock if what was left had to be ended by force. Once.
  void end();
  // What ran last before it failed, in words; empty if none is kept.
  [[nodiscard]] std::string choices() const { return choices_.in_words(); }
  // What run_until_done or end has thrown says it.
  [[nodiscard]] bool has_told_choices() const noexcept { return failure_ != verdict::goes_on; }

  [[nodiscard]] std::int64_t now() const noexcept override { return now_; }

 private:
  void unwind_all() noexcept override;

  enum class verdict : std::uint8_t { goes_on, asleep, endless };

  [[nodiscard]] verdict step() noexcept;
  [[nodiscard]] fiber_block* choose() noexcept;
  void collect_ready() noexcept;
  void collect_due() noexcept;
  [[nodiscard]] fiber_block* draw() noexcept;
  [[nodiscard]] bool move_time() noexcept;
  [[nodiscard]] bool retry_starving() noexcept;
  void cancel_in_order() noexcept;
  [[nodiscard]] bool end_one_wait() noexcept;
  [[nodiscard]] std::vector<fiber_block*> left_in_order() const;
  void note_failure(verdict why);
  [[noreturn]] void throw_failure();
  [[noreturn]] void end_process() const;

  const handler_stack for_overflows_;
  const std::uint64_t seed_;
  const std::uint64_t most_steps_;
  relaxed<std::int64_t> now_;
  scheduler home_;
  worker& worker_;
  std::uint64_t steps_ = 0;
  choice_log choices_;
  std::vector<fiber_block*> ready_;
  std::vector<timer_queue::due> due_;
  verdict failure_ = verdict::goes_on;
  std::string failure_text_;
};

}  // namespace weft::detail
