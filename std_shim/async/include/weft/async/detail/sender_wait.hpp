#pragma once
// Room: async. sync_wait that parks: the receiver on the waiter's frame. The wait is pending_result.hpp's
// ("Bringing"); to ask for the end (P3) sets the receiver's stop token, which is safe from any thread, and from the
// waiter's.

#include <weft/async/detail/sender_library.hpp>

#include <exception>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weft/async/detail/pending_result.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/async/detail/runtime_home.hpp>
#include <weft/runtime/cancellation.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class... Values>
using decayed_tuple = std::tuple<std::decay_t<Values>...>;

// What sync_wait returns is of one type: one way to succeed, or none.
template <class...>
struct only_one;
template <>
struct only_one<> {
  using type = std::tuple<>;
};
template <class T>
struct only_one<T> {
  using type = T;
};

template <class Scheduler>
struct sender_wait_core {
  sender_wait_core() : here(runtime_home::of_caller_or_threads()) {}

  Scheduler here;
  pending_result over;
  senders::inplace_stop_source stop;
  std::exception_ptr error;
};

template <class Scheduler>
struct sender_wait_env {
  sender_wait_core<Scheduler>* of;
  [[nodiscard]] senders::inplace_stop_token query(senders::get_stop_token_t) const noexcept {
    return of->stop.get_token();
  }
  [[nodiscard]] Scheduler query(senders::get_scheduler_t) const noexcept { return of->here; }
  [[nodiscard]] Scheduler query(senders::get_delegation_scheduler_t) const noexcept { return of->here; }
};

template <class Scheduler, class Values>
struct sender_wait_state : sender_wait_core<Scheduler> {
  std::optional<Values> values;
};

template <class Scheduler, class Values>
class waiting_receiver {
 public:
  using receiver_concept = senders::receiver_t;

  explicit waiting_receiver(sender_wait_state<Scheduler, Values>& of) noexcept : of_(&of) {}

  template <class... Given>
  void set_value(Given&&... given) noexcept {
    try {
      of_->values.emplace(std::forward<Given>(given)...);
    } catch (...) {
      of_->error = std::current_exception();
    }
    of_->over.let_go();
  }
  template <class Error>
  void set_error(Error&& error) noexcept {
    using plain = std::decay_t<Error>;
    if constexpr (std::is_same_v<plain, std::exception_ptr>)
      of_->error = std::forward<Error>(error);
    else if constexpr (std::is_same_v<plain, std::error_code>)
      of_->error = std::make_exception_ptr(std::system_error(error));
    else
      of_->error = std::make_exception_ptr(std::forward<Error>(error));
    of_->over.let_go();
  }
  void set_stopped() noexcept { of_->over.let_go(); }

  [[nodiscard]] sender_wait_env<Scheduler> get_env() const noexcept { return {of_}; }

 private:
  sender_wait_state<Scheduler, Values>* of_;
};

template <class Scheduler, class Sender>
auto wait_for_sender(Sender&& from) {
  using values = typename senders::value_types_of_t<Sender, sender_wait_env<Scheduler>, decayed_tuple, only_one>::type;
  sender_wait_state<Scheduler, values> state;
  auto operation = senders::connect(std::forward<Sender>(from), waiting_receiver<Scheduler, values>(state));
  senders::start(operation);
  const bool was_asked = !state.over.wait("sync_wait");
  if (was_asked) {
    state.stop.request_stop();
    state.over.wait_out("sync_wait, asked to end");
  }
  if (!state.values && was_asked) throw_cancelled();
  if (state.error != nullptr) rethrow_of_another(state.error, "sync_wait");
  if (!state.values) cancellation_point();  // "Ending together", cancellation.hpp
  return std::move(state.values);
}

}  // namespace weft::detail

#pragma GCC visibility pop
