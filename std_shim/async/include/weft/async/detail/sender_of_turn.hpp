#pragma once
// Room: async. The sender of weft::scheduler: it completes in a fiber of its own.

#include <weft/async/detail/sender_library.hpp>

#include <exception>
#include <type_traits>
#include <utility>

#include <weft/async/detail/runtime_home.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Receiver>
class turn_operation {
 public:
  using operation_state_concept = senders::operation_state_t;

  turn_operation(runtime_home home, Receiver receiver) noexcept
      : home_(std::move(home)), receiver_(std::move(receiver)) {}
  turn_operation(turn_operation&&) = delete;

  void start() noexcept {
    turn mine(*this);
    bool has_begun = false;
    try {
      has_begun = home_.go_in_it({.name = "scheduler"}, source_site::current(), std::move(mine));
    } catch (...) {
      mine.forget();
      return senders::set_error(std::move(receiver_), std::current_exception());
    }
    if (has_begun) return;  // and this may be gone
    mine.forget();
    senders::set_stopped(std::move(receiver_));
  }

 private:
  // What the fiber runs; one that never runs is stopped.
  class turn {
   public:
    explicit turn(turn_operation& of) noexcept : of_(&of) {}
    turn(turn&& from) noexcept : of_(std::exchange(from.of_, nullptr)) {}
    turn& operator=(turn&&) = delete;
    ~turn() {
      if (of_ != nullptr) senders::set_stopped(std::move(of_->receiver_));
    }
    void forget() noexcept { of_ = nullptr; }
    void operator()() noexcept {
      Receiver& receiver = std::exchange(of_, nullptr)->receiver_;
      if (senders::get_stop_token(senders::get_env(receiver)).stop_requested())
        senders::set_stopped(std::move(receiver));
      else
        senders::set_value(std::move(receiver));
    }

   private:
    turn_operation* of_;
  };

  runtime_home home_;
  Receiver receiver_;
};

template <class Scheduler>
class sender_of_turn {
 public:
  using sender_concept = senders::sender_t;
  using completion_signatures =
      senders::completion_signatures<senders::set_value_t(), senders::set_error_t(std::exception_ptr),
                                     senders::set_stopped_t()>;

  sender_of_turn(Scheduler from, runtime_home home) noexcept : from_(std::move(from)), home_(std::move(home)) {}

  template <class Receiver>
  [[nodiscard]] auto connect(Receiver receiver) const noexcept {
    return turn_operation<Receiver>(home_, std::move(receiver));
  }

  struct attributes {
    template <class Completion>
    [[nodiscard]] Scheduler query(senders::get_completion_scheduler_t<Completion>) const noexcept {
      return of;
    }
    Scheduler of;
  };
  [[nodiscard]] attributes get_env() const noexcept { return {from_}; }

 private:
  Scheduler from_;
  runtime_home home_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
