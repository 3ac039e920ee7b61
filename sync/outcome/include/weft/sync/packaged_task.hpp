#pragma once
// Room: sync. packaged_task: a function whose result is a future's, std's for fibers and plain threads at once.
// Next: channel.hpp, by which tasks travel.

#include <type_traits>
#include <utility>

#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/sync/future.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// The state of a task's future, and the function of the task, whatever its type.
template <class R, class... Args>
class task_state : public future_state<R> {
 public:
  // After begin_setting: calls the function, and leaves it to the caller to publish.
  virtual void make_result(Args... args) = 0;
  // The function moves to a state of its own.
  virtual std::shared_ptr<task_state> renew() = 0;
};

template <class F, class R, class... Args>
class task_state_of final : public task_state<R, Args...> {
 public:
  template <class From>
  explicit task_state_of(std::in_place_t, From&& f) : f_(std::forward<From>(f)) {}

  void make_result(Args... args) override {
    this->make_result_of([&]() -> R {
      if constexpr (std::is_void_v<R>)
        detail::invoke(f_, std::forward<Args>(args)...);
      else
        return detail::invoke(f_, std::forward<Args>(args)...);
    });
  }
  std::shared_ptr<task_state<R, Args...>> renew() override {
    return std::make_shared<task_state_of>(std::in_place, std::move(f_));
  }

 private:
  F f_;
};

// R(Args...) of an object's one operator(), for the deduction guide.
template <class Call>
struct signature_of_call;
template <class F, class R, class... Args>
struct signature_of_call<R (F::*)(Args...)> {
  using type = R(Args...);
};
template <class F, class R, class... Args>
struct signature_of_call<R (F::*)(Args...) const> : signature_of_call<R (F::*)(Args...)> {};
template <class F, class R, class... Args>
struct signature_of_call<R (F::*)(Args...) noexcept> : signature_of_call<R (F::*)(Args...)> {};
template <class F, class R, class... Args>
struct signature_of_call<R (F::*)(Args...) const noexcept> : signature_of_call<R (F::*)(Args...)> {};

}  // namespace detail

template <class Signature>
class packaged_task;

// Runs its function once, and sets what it returns or throws as the result of its future.
//
//   weft::packaged_task<int(int)> twice([](int n) { return 2 * n; });
//   weft::future<int> f = twice.get_future();
//   weft::go([t = std::move(twice)]() mutable { t(21); });
//
// Movable. Calling it is no switch point of its own; it throws promise_already_satisfied the second time, no_state if
// it was moved from, and weft::cancelled, if the function does: the future then says broken_promise. Everything else
// that the function throws goes to the future. reset() makes a new future's task of it, with the same function.
// Destroyed before it was called: broken_promise. Whoever sees the future ready may destroy the task at once, though
// its call is still returning elsewhere. The function lives as long as the task or the future.
// make_ready_at_thread_exit() calls it now, and makes its future ready as promise's setters of that name do;
// std::bad_alloc comes before the call.
// Left out: the constructor that takes an allocator (as in C++17).
template <class R, class... Args>
class packaged_task<R(Args...)> {
 public:
  packaged_task() noexcept = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, packaged_task> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  explicit packaged_task(F&& f)
      : state_(
            std::make_shared<detail::task_state_of<std::decay_t<F>, R, Args...>>(std::in_place, std::forward<F>(f))) {}
  packaged_task(packaged_task&&) noexcept = default;
  packaged_task& operator=(packaged_task&& from) noexcept {
    packaged_task(std::move(from)).swap(*this);
    return *this;
  }
  ~packaged_task() {
    if (state_ != nullptr) state_->abandon();
  }

  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  void swap(packaged_task& other) noexcept { state_.swap(other.state_); }

  [[nodiscard]] future<R> get_future() {
    (void)state();
    return detail::future_access::retrieve(std::shared_ptr<detail::future_state<R>>(state_));
  }

  void operator()(Args... args) {
    state().begin_setting();
    const detail::future_core::publishes at_the_end_of_this{*state_};
    state_->make_result(std::forward<Args>(args)...);
  }
  void make_ready_at_thread_exit(Args... args) {
    state().begin_setting();
    try {
      detail::future_core::publish_at_end(state_);
    } catch (...) {
      state_->take_back();
      throw;
    }
    state_->make_result(std::forward<Args>(args)...);
  }

  // What the old future was promised is broken, unless the task had been called.
  void reset() {
    std::shared_ptr<detail::task_state<R, Args...>> next = state().renew();
    state_->abandon();
    state_ = std::move(next);
  }

 private:
  detail::task_state<R, Args...>& state() const {
    if (state_ == nullptr) detail::throw_future_error(std::future_errc::no_state);
    return *state_;
  }

  std::shared_ptr<detail::task_state<R, Args...>> state_;
};

template <class R, class... Args>
packaged_task(R (*)(Args...)) -> packaged_task<R(Args...)>;
template <class F>
packaged_task(F) -> packaged_task<typename detail::signature_of_call<decltype(&F::operator())>::type>;

template <class R, class... Args>
void swap(packaged_task<R(Args...)>& a, packaged_task<R(Args...)>& b) noexcept {
  a.swap(b);
}

}  // namespace weft

#pragma GCC visibility pop
