#pragma once
// Room: std_shim. std::async on fibers. The future is sync's; this owns the fiber that fulfils it.
// Next: jthread.hpp.

#include <exception>
#include <future>  // std::launch
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/std_shim/thread.hpp>
#include <weft/sync/future.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// The result of a fiber, which the state outlives: it goes with the last future, and joins.
template <class R>
class async_state final : public future_state<R> {
 public:
  ~async_state() override {
    const bool unwinds = std::uncaught_exceptions() != 0 && !this->is_ready();
    if (fiber_.joinable() && !unwinds) shield([this] { fiber_.join(); });
  }  // otherwise join_handle's destructor cancels and joins

  template <class Make>
  void start(source_site site, Make&& make);

 private:
  join_handle<void> fiber_;
};

// What the fiber runs. One that is cancelled before its first turn is destroyed unrun.
template <class R, class F>
class async_call {
 public:
  template <class Make>
  async_call(future_state<R>& to, Make&& make) : to_(&to), f_(make()) {}
  async_call(async_call&& from) noexcept(std::is_nothrow_move_constructible_v<F>)
      : to_(std::exchange(from.to_, nullptr)), f_(std::move(from.f_)) {}
  ~async_call() {
    if (to_ != nullptr) to_->abandon();
  }
  void operator()() {
    to_->begin_setting();
    to_->set_result_of([this]() -> R { return detail::invoke(std::move(f_)); });
  }

 private:
  future_state<R>* to_;
  F f_;
};

template <class R>
template <class Make>
void async_state<R>::start(source_site site, Make&& make) {
  fiber_ = start_thread("async", site, [&] { return async_call<R, std::invoke_result_t<Make&>>(*this, make); });
}

// Run by whoever waits first.
template <class R, class F>
class deferred_state final : public future_state<R> {
 public:
  template <class Make>
  explicit deferred_state(Make&& make) : future_state<R>(future_core::fate::deferred), f_(make()) {}

 private:
  void run_deferred() override {
    this->set_result_of([this]() -> R { return detail::invoke(std::move(f_)); });
  }

  F f_;
};

// `make` returns the function.
template <class R, class Make>
future<R> launch_call(std::launch policy, source_site site, Make&& make) {
  if ((policy & std::launch::async) == std::launch::async) {
    auto state = std::make_shared<async_state<R>>();
    state->start(site, make);
    return future_access::make<R>(std::move(state));
  }
  if ((policy & std::launch::deferred) != std::launch::deferred)
    throw std::invalid_argument("weft::async: a policy must have launch::async or launch::deferred");
  return future_access::make<R>(std::make_shared<deferred_state<R, std::invoke_result_t<Make&>>>(make));
}

template <class F, class... Args>
using async_result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

}  // namespace detail

// f(args...), and a future for what comes of it.
//
//   weft::future<int> f = weft::async([] { return 42; });
//   int answer = f.get();
//
// launch::async is a fiber of the caller's runtime: std::logic_error outside one, std::system_error if there is no
// room. launch::deferred runs f on whoever first waits or gets, there; wait_for() and wait_until() then say `deferred`.
// Both together, and no policy at all, are launch::async; neither of them is std::invalid_argument.
// Not a switch point. f and args are moved or copied, as for weft::go, and destroyed on the fiber.
//
// The last future (or shared_future) of a launch::async that goes, by its destructor or by get(), joins the fiber: as
// in std it waits until f has ended, however long, with cancellation held back. While an exception unwinds its owner
// (the owner's cancellation, above all) it cancels the fiber and joins it: otherwise a time limit could not end the
// wait. A fiber that was cancelled, by that or by the end of its runtime, breaks its promise: the future then throws
// std::future_error(broken_promise), and never weft::cancelled, which would ask the one who waits to end; it throws
// that to one who is asked to end himself.
// A deferred f that is cancelled with the fiber which runs it lets weft::cancelled pass, and says broken_promise to the
// others.
// Misuse, both named at once: f that waits for its own result gets std::system_error(resource_deadlock_would_occur),
// and the last future destroyed by f itself, which would wait for its own end, ends the process.
template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, std::launch> &&
           std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>)
[[gnu::noinline]] future<detail::async_result<F, Args...>> async(F&& f, Args&&... args) {
  return detail::launch_call<detail::async_result<F, Args...>>(
      std::launch::async, {nullptr, 0, __builtin_return_address(0)},
      [&] { return detail::bind_call(std::forward<F>(f), std::forward<Args>(args)...); });
}

template <class F, class... Args>
  requires std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>
[[gnu::noinline]] future<detail::async_result<F, Args...>> async(std::launch policy, F&& f, Args&&... args) {
  return detail::launch_call<detail::async_result<F, Args...>>(policy, {nullptr, 0, __builtin_return_address(0)}, [&] {
    return detail::bind_call(std::forward<F>(f), std::forward<Args>(args)...);
  });
}

template <class F, class... Args>
  requires(!std::is_same_v<std::remove_cvref_t<F>, std::launch> &&
           !std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>)
void async(F&&, Args&&...) = delete;  // weft::async: no function of such arguments; they are copied: refer by std::ref
template <class F, class... Args>
  requires(!std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>)
void async(std::launch, F&&, Args&&...) = delete;  // weft::async: no function of such arguments, as above

}  // namespace weft

#pragma GCC visibility pop
