#pragma once
// Room: runtime. Deterministic simulation: a program of fibers runs on one thread, a seed decides what runs next, time
// is virtual, and the same seed does the same again.
//
//   weft::simulate({.seed = 42}, [] { transfer_from_two_fibers(); });      once
//   weft::simulate_many(1'000, [] { transfer_from_two_fibers(); });        under a thousand seeds; the first that fails
//                                                                          is named, and kept inside the exception
// simulate runs f as the main fiber of a runtime of its own, on the calling plain thread, and returns what f returns or
// rethrows what it throws, when all other fibers have been cancelled and unwound, as weft::run does.
//
// - What runs next. Every call of weft is a scheduling point: lock, unlock, try_*, notify, send, recv, close, select,
//   go, spawn, join and all others. There one of all fibers that could run is drawn, the caller and those whose time
//   has come included, each as likely as another. Between two calls nothing else runs: a race of plain variables shows
//   where a call lies inside it, and otherwise is the race detector's to find (both go together). A std::atomic is no
//   call of weft: a store that races with a load before it is found if it is a weft::atomic (std_shim/atomic.hpp).
// - Time stands still while anything can run; then it goes to the earliest deadline at once: an hour of sleeping
//   takes no time. It begins at the same point in each simulation. Ask weft::clock (clock.hpp): points of
//   std::chrono::steady_clock::now() and of other clocks are real time. A limit on another clock counts from how far
//   off it is when the wait begins.
// - When nothing can ever run again it throws weft::deadlock, at once, with the dump; fibers that are left are
//   cancelled and unwound, and to that end even a mutex's lock() throws weft::cancelled. Only what still cannot end (a
//   destructor that waits, a wait that cannot be cancelled) ends the process, status 2. After `most_steps` it throws
//   weft::livelock.
// - Replay is exact as long as f itself is: it begins from the same state, and asks no real clock, address, random
//   device or other thread. Fibers are numbered from 1 in each simulation, so that a replay names the same ones.
//
// Refused: simulate, run and runtime inside a fiber; sockets, names and signals, and go or run in another runtime
// (std::logic_error). Waking a simulated fiber from another thread or runtime, or those from inside: waking does not
// throw, so it ends the process with a message. blocking(f) runs f in place.
// Not to be done: holding a std::mutex across a call of weft, even one that is no switch point elsewhere; the fiber
// that wants it next would block the only thread. Use weft::mutex.
// Several threads may simulate at once, each its own. Next: clock.hpp, detail/scheduling_point.hpp.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/detail/owned.hpp>
#include <weft/runtime/spawn.hpp>

namespace weft::detail {
class simulation;
}

#pragma GCC visibility push(default)

namespace weft {

struct simulation_options {
  std::uint64_t seed = 0;                 // 0: WEFT_SEED, or a fresh one for each process; printed on stderr if f fails
  std::uint64_t most_steps = 10'000'000;  // more scheduling points than this are taken for a livelock
  // If f fails, so many of the last choices are told: which fiber went on, from which call, and who called. On stderr,
  // or in the text of deadlock, livelock and simulation_failed. 0: none; each costs a look at the fiber's stack.
  std::size_t last_choices = 32;
};

// What simulate_many throws; what f threw is nested in it (std::rethrow_if_nested).
class simulation_failed : public std::runtime_error {
 public:
  simulation_failed(std::uint64_t seed, const std::string& what) : std::runtime_error(what), seed_(seed) {}
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_;
};

// Fibers ran on and on (they poll, as a rule: nothing is asleep, so time stands still). what() names the seed and has
// the dump.
class livelock : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

// One simulation, on the thread that makes it and ends it.
class simulation_run {
 public:
  explicit simulation_run(const simulation_options& wanted);  // throws std::logic_error inside a fiber
  ~simulation_run();                                          // ends what end() has not
  simulation_run(const simulation_run&) = delete;
  simulation_run& operator=(const simulation_run&) = delete;

  [[nodiscard]] scheduler* home() noexcept;
  void run_until_done(const fiber_block* main);  // throws deadlock, livelock
  void end();                                    // cancels and unwinds all that are left; throws deadlock, livelock
  [[nodiscard]] std::string choices() const;     // the last ones before it failed, or ended

 private:
  const int unwinding_before_;
  const bool is_seed_given_;
  owned<simulation> simulated_;
};

// The seeds of a simulate_many: `first`, or what 0 stands for, and those after it, without 0.
class simulation_series {
 public:
  explicit simulation_series(std::uint64_t first);
  ~simulation_series();
  simulation_series(const simulation_series&) = delete;
  simulation_series& operator=(const simulation_series&) = delete;

  [[nodiscard]] std::uint64_t seed(std::size_t index) const noexcept;
  // In a handler of what f threw.
  [[noreturn]] void throw_failed(std::size_t index, std::size_t of, const std::string& choices) const;

 private:
  class thread_setup;  // kept from one seed to the next
  std::uint64_t first_;
  owned<thread_setup> setup_;
};

template <class R>
R result_of(simulation_run& run, join_handle<R>& main) {
  if constexpr (std::is_void_v<R>) {
    main.join();
    run.end();
  } else if constexpr (std::is_reference_v<R>) {
    R value = main.join();
    run.end();
    return static_cast<R>(value);
  } else {
    R value = main.join();
    run.end();
    return value;
  }
}

template <class F>
decltype(auto) run_simulated(simulation_run& run, source_site site, F&& f) {
  auto main = spawn_in(run.home(), main_options(*run.home()), site, std::forward<F>(f));
  run.run_until_done(main.block());
  return result_of(run, main);
}

// What came last when f failed, by doing it again.
template <class F>
std::string choices_of(const simulation_options& wanted, source_site site, F&& f) {
  simulation_run run(wanted);
  try {
    run_simulated(run, site, std::forward<F>(f));
  } catch (...) {
    return run.choices();
  }
  return "(done again it did not fail: f does not begin from the same state each time)";
}

}  // namespace detail

template <class F>
detail::kept_result<std::decay_t<F>> simulate(const simulation_options& wanted, F&& f,
                                              source_site site = source_site::current()) {
  detail::simulation_run run(wanted);
  return detail::run_simulated(run, site, std::decay_t<F>(std::forward<F>(f)));
}

// Calls f under `count` seeds, `wanted.seed` and those after it. f begins from the same state each time; what it
// returns is dropped. Throws simulation_failed for the first that throws, after it was done once more, to see the last
// choices: which costs those that do not fail nothing.
template <class F>
void simulate_many(const simulation_options& wanted, std::size_t count, F&& f,
                   source_site site = source_site::current()) {
  const detail::simulation_series series(wanted.seed);
  const auto call = [&f] { static_cast<void>(f()); };
  for (std::size_t i = 0; i < count; ++i) {
    simulation_options one{.seed = series.seed(i), .most_steps = wanted.most_steps, .last_choices = 0};
    try {
      simulate(one, call, site);
    } catch (...) {
      one.last_choices = wanted.last_choices;
      series.throw_failed(i, count, one.last_choices != 0 ? detail::choices_of(one, site, call) : std::string());
    }
  }
}

template <class F>
void simulate_many(std::size_t count, F&& f, source_site site = source_site::current()) {
  simulate_many(simulation_options{}, count, std::forward<F>(f), site);
}

}  // namespace weft

#pragma GCC visibility pop
