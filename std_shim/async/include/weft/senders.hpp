#pragma once
// Room: async. Fibers and the senders of std::execution (P2300), both ways.
//
//   auto work = stdexec::schedule(weft::scheduler()) | stdexec::then([] { return conn.read_some(buffer); });
//   auto [n] = weft::sync_wait(std::move(work)).value();                  // parks the fiber, and not its thread
//   auto both = stdexec::when_all(weft::as_sender(handle), weft::as_sender(channel));
//
// Needs a library of senders; taken is what is found first: stdexec (<stdexec/execution.hpp>), beman.execution, or the
// standard library's own <execution>. weft is tested with stdexec. Not part of weft.hpp, and no part of libweft is
// needed for it that is not there anyhow.

#include <weft/async/detail/sender_library.hpp>

#include <utility>

#include <weft/async/detail/fiber_source.hpp>
#include <weft/async/detail/runtime_home.hpp>
#include <weft/async/detail/sender_of_handle.hpp>
#include <weft/async/detail/sender_of_turn.hpp>
#include <weft/async/detail/sender_wait.hpp>
#include <weft/runtime/runtime.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Weft's workers: what is scheduled on it runs in a fiber of its own, named "scheduler", and may park. Copied freely,
// to plain threads too; it may outlive its runtime, and then completes with set_stopped, at once, on whoever starts
// it. So does a fiber that was not begun when its runtime ended, and one whose receiver's stop token is set by then.
// set_error says that there was no stack for another fiber.
class scheduler {
 public:
  using scheduler_concept = detail::senders::scheduler_t;

  // Of the calling fiber's runtime; on a plain thread std::logic_error.
  scheduler() : home_(detail::runtime_home::of_caller("scheduler")) {}
  // From a plain thread. Blocks it for the length of a fiber.
  explicit scheduler(runtime& of) : scheduler(of.run([] { return scheduler(); })) {}
  // For sync_wait.
  explicit scheduler(detail::runtime_home of) noexcept : home_(std::move(of)) {}

  [[nodiscard]] auto schedule() const noexcept { return detail::sender_of_turn<scheduler>(*this, home_); }
  [[nodiscard]] auto query(detail::senders::get_forward_progress_guarantee_t) const noexcept {
    return detail::senders::forward_progress_guarantee::parallel;
  }

  friend bool operator==(const scheduler&, const scheduler&) noexcept = default;

 private:
  detail::runtime_home home_;
};

// Waits for a sender: its values as a std::optional<std::tuple<...>>, empty if it has been stopped, or throws its error
// (an exception_ptr's exception, a std::error_code as std::system_error, anything else as it is). As std::this_thread's
// sync_wait, but the calling fiber parks (a plain thread blocks), and no loop is run in it: what asks the receiver for
// a scheduler (get_scheduler, get_delegation_scheduler) gets one of weft's.
// A cancellation point as it begins. A fiber that is asked to end while it waits, or whose time limit is over, sets
// the stop token of the receiver and waits until the sender is through. If that has been stopped, or failed,
// weft::cancelled is thrown; values that came are returned all the same. A sender that heeds no stop token is waited
// for, also by the end of the runtime.
template <class Sender>
auto sync_wait(Sender&& from) {
  detail::cancellation_point();
  return detail::wait_for_sender<scheduler>(std::forward<Sender>(from));
}

// A join_handle, a channel or a future (await.hpp's as_awaitable tells how each is taken, and when) as a sender:
// set_value with T, with a std::optional<T>, with nothing; set_error with a std::exception_ptr. A fiber ("as_sender")
// waits in its place, and completes it there, so what follows runs in a fiber and may park. set_stopped: the
// receiver's stop token was set, which ends the wait, or the runtime has ended. Each may be connected once.
template <detail::waitable Handle>
auto as_sender(Handle&& handle) {
  return detail::sender_of_handle<detail::source_of<Handle>>(detail::make_source(std::forward<Handle>(handle)));
}

}  // namespace weft

#pragma GCC visibility pop
