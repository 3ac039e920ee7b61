#pragma once
// Room: async. Asio's work on weft's workers: an executor whose functions are fibers.
//
//   weft::executor ex;                                        // in a fiber: of its runtime
//   asio::post(ex, [] { conn.read_some(buffer); });           // a fiber: it may park
//   auto strand = asio::make_strand(ex);                      // one at a time, in order
//   asio::steady_timer timer(ex, 1s);                         // I/O objects: watched by a thread of Asio's own
//   int n = asio::co_spawn(ex, answer(), weft::use_fiber);    // an asio::awaitable (weft::await, if it may be ended)
//
// Part of <weft/asio.hpp>. What is executed is a fiber of its own, as by weft::go, named "asio": it may use all of weft
// and park, but for a handler of a strand (below). An exception out of it ends the process, as out of any fiber of go;
// weft::cancelled ends the fiber. dispatch in a fiber of the same runtime calls the function in place, as Asio has it
// (blocking.possibly); post and defer never do.
//
// An executor is copied freely, to plain threads too, and may outlive its runtime: what is executed after the end is
// destroyed without having been called, on the spot. During the end, as all fibers that are spawned then. Executing
// throws what weft::go throws when there is no stack for another fiber. Executors of one runtime are equal.
// Outstanding work is not counted (outstanding_work.untracked): a runtime ends when it is told to, so wait for what
// you start.
//
// A strand on it keeps Asio's promise: one handler at a time, in the order of arrival. But let its handlers not park
// (no use_fiber, no channel that may make them wait, no lock that is held for long): Asio keeps who runs in a strand
// in a thread_local, and other fibers would come to that thread. Start a fiber from it (weft::go), or use a
// weft::mutex.
//
// Properties: query of context, blocking, relationship (fork), outstanding_work (untracked), mapping (other); require
// and prefer of blocking.possibly (as made) and blocking.never. context() is one of the process's, for all runtimes,
// and is never destroyed.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <type_traits>
#include <utility>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <weft/async/detail/runtime_home.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft {

class executor {
 public:
  // Of the calling fiber's runtime; on a plain thread std::logic_error.
  executor() : home_(detail::runtime_home::of_caller("executor")) {}
  // From a plain thread. Blocks it for the length of a fiber.
  explicit executor(runtime& of) : executor(of.run([] { return executor(); })) {}

  // --- Asio's side.
  template <class F>
  void execute(F&& f) const {
    if (may_run_in_place_ && home_.is_callers()) {
      std::decay_t<F> here(std::forward<F>(f));
      here();
    } else {
      (void)home_.go_in_it({.name = "asio"}, source_site::current(), std::forward<F>(f));
    }
  }

  [[nodiscard]] boost::asio::execution_context& context() const noexcept { return the_context(); }

  static boost::asio::execution_context& query(boost::asio::execution::context_t) noexcept { return the_context(); }
  [[nodiscard]] boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    if (may_run_in_place_) return boost::asio::execution::blocking.possibly;
    return boost::asio::execution::blocking.never;
  }
  static constexpr boost::asio::execution::mapping_t query(boost::asio::execution::mapping_t) noexcept {
    return boost::asio::execution::mapping.other;
  }
  static constexpr boost::asio::execution::relationship_t query(boost::asio::execution::relationship_t) noexcept {
    return boost::asio::execution::relationship.fork;
  }
  static constexpr boost::asio::execution::outstanding_work_t query(
      boost::asio::execution::outstanding_work_t) noexcept {
    return boost::asio::execution::outstanding_work.untracked;
  }

  [[nodiscard]] executor require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
    return executor(*this, true);
  }
  [[nodiscard]] executor require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return executor(*this, false);
  }

  friend bool operator==(const executor& a, const executor& b) noexcept {
    return a.home_ == b.home_ && a.may_run_in_place_ == b.may_run_in_place_;
  }
  friend bool operator!=(const executor& a, const executor& b) noexcept { return !(a == b); }

 private:
  executor(const executor& from, bool may_run_in_place) noexcept
      : home_(from.home_), may_run_in_place_(may_run_in_place) {}

  static boost::asio::execution_context& the_context() noexcept {
    static auto* const context = new boost::asio::execution_context;
    return *context;
  }

  detail::runtime_home home_;
  bool may_run_in_place_ = true;
};

}  // namespace weft

#pragma GCC visibility pop
