#pragma once
// Room: sync. promise, future and shared_future: std's, for fibers and plain threads at once. What both ends share is
// detail/future_state.hpp's; "Fulfilling" in numbered steps: future_core.cpp.
//
//   weft::promise<int> p;
//   weft::future<int> f = p.get_future();
//   weft::go([p = std::move(p)]() mutable { p.set_value(42); });
//   int answer = f.get();
//
// As in std, with its names and codes: std::future_error with no_state, future_already_retrieved,
// promise_already_satisfied, broken_promise; R may be an object type, a reference, or void. promise(std::allocator_arg,
// a) takes what both ends share from a, and gives it back there, on whatever thread the last handle goes.
// The setters ..._at_thread_exit set at once, and make ready when the calling fiber, or plain thread, has ended: its
// function's closure and its fiber_locals are destroyed by then, and whoever joins it finds the future ready. The state
// is kept until then; the promise may go before, and is not broken. They may throw std::bad_alloc; then nothing is set.
// wait(), wait_for(), wait_until() and get() park, and are cancellation points; a future whose get() threw
// weft::cancelled is still valid, and its value there. wait() and get() run a deferred function on the caller. The
// setters, get_future() and every destructor are not even switch points (but that of a future of weft::async, see
// there). A value that is made (R's copy or move, which may throw: then nothing is set) is made under no lock. Waiters
// are woken all at once, in the order of arrival. What came before set_value() happens before the return of the waits
// it ends. weft::cancelled as a result (set_exception(std::current_exception()) in a catch-all) becomes broken_promise:
// it asked the fiber that was to provide to end, not the one that waits; one that was asked too gets weft::cancelled.
// Destruction: of a promise, by whoever saw its future ready, at once, though set_value() is still returning elsewhere;
// of a future by its owner at any time. Any number may wait, each through a shared_future of its own.
// Next: packaged_task.hpp.

#include <exception>
#include <future>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/detail/future_state.hpp>

#pragma GCC visibility push(default)

namespace weft {

template <class R>
class future;
template <class R>
class shared_future;

namespace detail {

struct future_access;

// What future and shared_future have in common: a state, or none.
template <class R>
class future_handle {
 public:
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  void wait() const { state().wait(); }
  template <class Rep, class Period>
  std::future_status wait_for(const std::chrono::duration<Rep, Period>& d) const {
    return state().wait_until(limit(d));
  }
  template <class Clock, class Duration>
  std::future_status wait_until(const std::chrono::time_point<Clock, Duration>& t) const {
    std::future_status status = std::future_status::timeout;
    static_cast<void>(wait_by(
        t, [&](deadline until) { return (status = state().wait_until(until)) != std::future_status::timeout; }));
    return status;
  }

 protected:
  future_handle() noexcept = default;
  explicit future_handle(std::shared_ptr<future_state<R>> state) noexcept : state_(std::move(state)) {}

  future_state<R>& state() const {
    if (state_ == nullptr) throw_future_error(std::future_errc::no_state);
    return *state_;
  }

  std::shared_ptr<future_state<R>> state_;
};

}  // namespace detail

// The one who gets the value, once. Movable.
template <class R>
class [[nodiscard]] future : public detail::future_handle<R> {
 public:
  future() noexcept = default;
  future(future&&) noexcept = default;
  future& operator=(future&&) noexcept = default;
  ~future() = default;

  // Parks until it is ready; returns the value (moved out) or throws what was set. The future is then no longer valid.
  R get() {
    this->state().wait();
    const std::shared_ptr<detail::future_state<R>> last = std::move(this->state_);
    auto& value = last->value();
    if constexpr (std::is_reference_v<R>)
      return static_cast<R>(*value);
    else if constexpr (!std::is_void_v<R>)
      return std::move(value);
  }

  [[nodiscard]] shared_future<R> share() noexcept { return shared_future<R>(std::move(*this)); }

 private:
  friend struct detail::future_access;
  friend class shared_future<R>;
  explicit future(std::shared_ptr<detail::future_state<R>> state) noexcept
      : detail::future_handle<R>(std::move(state)) {}
};

// As many as like see the value. Copyable; each handle is used by one at a time.
template <class R>
class shared_future : public detail::future_handle<R> {
 public:
  shared_future() noexcept = default;
  shared_future(const shared_future&) noexcept = default;
  shared_future(shared_future&&) noexcept = default;
  shared_future(future<R>&& from) noexcept  // NOLINT: as std
      : detail::future_handle<R>(std::move(from.state_)) {}
  shared_future& operator=(const shared_future&) noexcept = default;
  shared_future& operator=(shared_future&&) noexcept = default;
  ~shared_future() = default;

  // const R& for an object type, R for a reference and for void. The value lives as long as a handle does.
  std::conditional_t<std::is_object_v<R>, std::add_lvalue_reference_t<const R>, R> get() const {
    this->state().wait();
    auto& value = this->state().value();
    if constexpr (std::is_reference_v<R>)
      return static_cast<R>(*value);
    else if constexpr (!std::is_void_v<R>)
      return value;
  }
};

namespace detail {

// For those who make futures: promise, packaged_task, std_shim's async.
struct future_access {
  template <class R>
  static future<R> make(std::shared_ptr<future_state<R>> state) noexcept {
    return future<R>(std::move(state));
  }
  // The first time; then future_already_retrieved.
  template <class R>
  static future<R> retrieve(const std::shared_ptr<future_state<R>>& state) {
    state->retrieve();
    return future<R>(state);
  }
};

template <class R>
class promise_base {
 public:
  promise_base() : state_(std::make_shared<future_state<R>>()) {}
  template <class Allocator>
  promise_base(std::allocator_arg_t, const Allocator& from) : state_(std::allocate_shared<future_state<R>>(from)) {}
  promise_base(promise_base&&) noexcept = default;
  promise_base& operator=(promise_base&& from) noexcept {
    promise_base(std::move(from)).swap(*this);
    return *this;
  }
  // A promise that was not kept: broken_promise.
  ~promise_base() {
    if (state_ != nullptr) state_->abandon();
  }

  void swap(promise_base& other) noexcept { state_.swap(other.state_); }

  // future_already_retrieved the second time.
  [[nodiscard]] future<R> get_future() {
    (void)state();
    return future_access::retrieve(state_);
  }

  // std::invalid_argument if it is null.
  void set_exception(std::exception_ptr failure) { state().set_failure(checked(std::move(failure))); }
  void set_exception_at_thread_exit(std::exception_ptr failure) {
    state().set_failure_at_end(state_, checked(std::move(failure)));
  }

 protected:
  template <class... Args>
  void set_at_end(Args&&... args) {
    state().set_at_end(state_, std::forward<Args>(args)...);
  }
  future_state<R>& state() const {
    if (state_ == nullptr) throw_future_error(std::future_errc::no_state);
    return *state_;
  }

 private:
  static std::exception_ptr checked(std::exception_ptr failure) {
    if (failure == nullptr) throw std::invalid_argument("weft::promise::set_exception: there is no exception in it");
    return failure;
  }

  std::shared_ptr<future_state<R>> state_;
};

}  // namespace detail

template <class R>
class promise : public detail::promise_base<R> {
 public:
  using detail::promise_base<R>::promise_base;
  void set_value(const R& value) { this->state().set(value); }
  void set_value(R&& value) { this->state().set(std::move(value)); }
  void set_value_at_thread_exit(const R& value) { this->set_at_end(value); }
  void set_value_at_thread_exit(R&& value) { this->set_at_end(std::move(value)); }
};

template <class R>
class promise<R&> : public detail::promise_base<R&> {
 public:
  using detail::promise_base<R&>::promise_base;
  void set_value(R& value) { this->state().set(std::addressof(value)); }
  void set_value_at_thread_exit(R& value) { this->set_at_end(std::addressof(value)); }
};

// void alone; still a template, which costs nothing where nobody promises.
template <class R>
  requires std::is_void_v<R>
class promise<R> : public detail::promise_base<R> {
 public:
  using detail::promise_base<R>::promise_base;
  void set_value() { this->state().set(); }
  void set_value_at_thread_exit() { this->set_at_end(); }
};

template <class R>
void swap(promise<R>& a, promise<R>& b) noexcept {
  a.swap(b);
}

}  // namespace weft

template <class R, class Allocator>
struct std::uses_allocator<weft::promise<R>, Allocator> : std::true_type {};

#pragma GCC visibility pop
