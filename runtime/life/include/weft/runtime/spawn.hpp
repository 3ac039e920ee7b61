#pragma once
// Room: runtime. How fibers begin, and how their results are met.
//
//   weft::go(f, args...)                    fire and forget, like `go`
//   auto handle = weft::spawn(f, args...);  handle.join() is its value, or rethrows
//   weft::go({.name = "ticker", .stack_size = 1 << 20}, tick);
//
// The function and its arguments are moved (or copied) into the fiber, as std::thread does; it may be one that is
// callable as an rvalue alone. They are destroyed on the fiber's own stack, at its end. A fiber starts in the runtime
// of its spawner, in the root scope: nothing waits for it but its handle and the end of the runtime, which cancels it.
// One that is cancelled before its first turn never runs.
//
// go and spawn throw std::logic_error outside a runtime, std::system_error (not_enough_memory) when there is no stack
// for another fiber, std::invalid_argument for a stack size that cannot be. They are not switch points.
// An exception out of a fiber of `go` ends the process by std::terminate, at the throw; weft::cancelled ends the fiber.
// Next: this_fiber.hpp; task_group.hpp, for many that belong together.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/closure.hpp>
#include <weft/runtime/detail/fiber_body.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/not_a_call.hpp>
#include <weft/runtime/detail/outcome.hpp>
#include <weft/runtime/fiber_id.hpp>
#include <weft/runtime/spawn_site.hpp>

namespace weft::detail {
struct fiber_block;
class scheduler;
}  // namespace weft::detail

#pragma GCC visibility push(default)

namespace weft {

struct spawn_options {
  std::string_view name = {};  // shown by snapshot and dumps; the first 23 bytes are kept
  std::size_t stack_size = 0;  // bytes, guard included (options.hpp), rounded up to a power of two; from 16 KiB to
                               // 1 GiB; 0: the runtime's
  bool pinned = false;         // stays on the spawner's worker thread; from a plain thread: on the first that runs it
};

// What options.on_dropped_exception is called with, by the fiber or thread whose join_handle goes. The views are good
// until it returns.
struct dropped_exception {
  std::exception_ptr thrown;
  fiber_id fiber;
  std::string_view name;        // empty: it has none
  std::string_view spawned_at;  // `server.cpp:40`
};

namespace detail {

struct new_fiber {
  fiber_block* fiber;
  void* storage;  // k_inline_closure bytes, aligned for anything
};

// Of the fiber of run and simulate: it has as much stack as a process's main thread, or the runtime's size if larger.
[[nodiscard]] spawn_options main_options(const scheduler& home) noexcept;
// The runtime of the calling fiber; null on a plain thread. It is there as long as one of its fibers is.
[[nodiscard]] scheduler* this_runtime() noexcept;
// Whether it has begun to end: it takes no fibers from outside any more.
[[nodiscard]] bool is_ending(const scheduler& runtime) noexcept;
// A fiber that has a permit for its stack and no closure yet, in `home` (null: the caller's runtime).
[[nodiscard]] new_fiber make_fiber(scheduler* home, const spawn_options& options, source_site site);
void discard_fiber(fiber_block* fiber) noexcept;
void start_detached(fiber_block* fiber, const fiber_body& body) noexcept;
void start_joinable(fiber_block* fiber, const fiber_body& body) noexcept;

// The handle's side. join_fiber is a cancellation point unless `shielded`; after it the outcome is in the storage
// returned.
void* join_fiber(fiber_block* fiber, bool shielded);
void detach_fiber(fiber_block* fiber) noexcept;
void drop_joined(fiber_block* fiber) noexcept;  // destroys the outcome, and gives the block back
void request_stop(fiber_block* fiber) noexcept;
[[nodiscard]] fiber_id id_of(const fiber_block* fiber) noexcept;
[[noreturn]] void throw_joined_nothing();
[[noreturn]] void throw_joined_cancelled();
// std::terminate, naming the fiber whose storage that is: `thrown` came out of it and nobody will look.
[[noreturn]] void terminate_unseen(const void* storage, const std::exception_ptr& thrown) noexcept;

template <class F>
struct detached_body {
  static void run(void* storage, bool wanted) {
    unpacked<F> f(storage);
    if (!wanted) return;
    try {
      detail::call_kept(*f);
    } catch (const cancelled&) {
    }
  }
  static void drop_outcome(void*, bool) noexcept {}
  static constexpr fiber_body body{&run, &drop_outcome, &never_throws};
};

template <class F, class R>
struct joinable_body {
  using result = outcome<R>;

  static void run(void* storage, bool wanted) {
    unpacked<F> f(storage);
    stored<result>::put(storage);
    if (!wanted) return;
    result& to = stored<result>::get(storage);
    try {
      to.set_result_of(*f);
    } catch (const cancelled&) {
    } catch (...) {
      to.fail(std::current_exception());
    }
  }

  static void drop_outcome(void* storage, bool unseen) noexcept {
    result& left = stored<result>::get(storage);
    if (unseen && left.how() == ending::threw) terminate_unseen(storage, left.thrown());
    stored<result>::drop(storage);
  }

  static const void* thrown(void* storage) noexcept {
    result& left = stored<result>::get(storage);
    return left.how() == ending::threw ? &left.thrown() : nullptr;
  }

  static constexpr fiber_body body{&run, &drop_outcome, &thrown};
};

// One that runs the closure that `make` returns.
template <class Make>
new_fiber make_fiber_that(scheduler* home, const spawn_options& options, source_site site, Make&& make) {
  const new_fiber born = make_fiber(home, options, site);
  try {
    stored<std::invoke_result_t<Make&>>::put_made(born.storage, make);
  } catch (...) {
    discard_fiber(born.fiber);
    throw;
  }
  return born;
}

template <class Closure>
new_fiber make_fiber_for(scheduler* home, const spawn_options& options, source_site site, Closure&& closure) {
  using F = std::remove_cvref_t<Closure>;
  return make_fiber_that(home, options, site, [&closure] { return F(std::forward<Closure>(closure)); });
}

template <class T>
concept not_spawn_options = !std::is_same_v<std::remove_cvref_t<T>, spawn_options>;

// A join_handle but for the type of its value.
class fiber_handle {
 public:
  fiber_handle() noexcept = default;
  fiber_handle(fiber_handle&& from) noexcept : fiber_(from.let_go()) {}
  fiber_handle& operator=(fiber_handle&& from) noexcept;
  ~fiber_handle() {
    if (fiber_ != nullptr) end();
  }

  // Asks the fiber to end: its next cancellation point throws weft::cancelled. Does not wait.
  void request_stop() noexcept {
    if (fiber_ != nullptr) detail::request_stop(fiber_);
  }

  // Lets go: nothing will look at the outcome, and an exception becomes the end of the process, as for `go`.
  void detach() noexcept {
    if (fiber_ != nullptr) detach_fiber(let_go());
  }

  [[nodiscard]] bool joinable() const noexcept { return fiber_ != nullptr; }
  [[nodiscard]] fiber_id get_id() const noexcept { return fiber_ != nullptr ? id_of(fiber_) : fiber_id(); }

  // For spawn and runtime.
  explicit fiber_handle(fiber_block* fiber) noexcept : fiber_(fiber) {}
  [[nodiscard]] fiber_block* block() const noexcept { return fiber_; }

 protected:
  // drop_joined, also when moving the value out throws.
  struct taking {
    fiber_block* fiber;
    ~taking() { drop_joined(fiber); }
  };

  // Waits, and returns the storage with the outcome.
  void* join_here() {
    if (fiber_ == nullptr) throw_joined_nothing();
    return join_fiber(fiber_, false);
  }
  [[nodiscard]] taking take() noexcept { return {let_go()}; }

 private:
  void end() noexcept;  // cancels it, joins it, and tells what it threw; by the fiber itself: detaches it
  fiber_block* let_go() noexcept {
    fiber_block* const fiber = fiber_;
    fiber_ = nullptr;
    return fiber;
  }

  fiber_block* fiber_ = nullptr;
};

}  // namespace detail

// The one who waits for a fiber of `spawn`. Movable. Its owner may be a fiber of any runtime, or a plain thread; one at
// a time may use it. The destructor, and assigning over a live handle, cancels the fiber and joins it (shielded). But
// in that fiber itself, as when it drops the last reference to an object that has its handle, they detach it: it could
// not wait for its own end, and there is nobody else to be kept waiting, so it is not asked to end either.
//
// An exception that nobody takes by join(), because the handle goes first, does not vanish: there is a line on stderr
// that names the fiber, where it was spawned, and what was thrown; or options.on_dropped_exception is called, with a
// dropped_exception. It ends nothing: whoever drops a handle has said that the outcome does not matter. (A dropped
// std::future is silent; in Go it would be a panic, and end the process: that is what detach() is for.)
// weft::cancelled is no such exception. What weft::thread throws ends the process, what the future of an async holds
// goes with it, as in std.
template <class T>
class [[nodiscard]] join_handle : public detail::fiber_handle {
 public:
  join_handle() noexcept = default;
  using detail::fiber_handle::fiber_handle;

  // Parks until the fiber has ended; returns its value or rethrows its exception. If it was cancelled:
  // std::system_error(operation_canceled), but weft::cancelled to who was asked to end with it (the end of their
  // runtime, of their group). A cancellation point; once cancelled the handle is still joinable. A handle that holds no
  // fiber (joined, detached, moved from): std::system_error(invalid_argument). In that fiber itself:
  // std::system_error(resource_deadlock_would_occur), and the handle stays as it was.
  T join() {
    detail::outcome<T>& left = detail::stored<detail::outcome<T>>::get(join_here());
    if (left.how() == detail::ending::cancelled) detail::cancellation_point();
    const taking held = take();
    if (left.how() == detail::ending::cancelled) detail::throw_joined_cancelled();
    if (left.how() == detail::ending::threw) std::rethrow_exception(std::move(left.thrown()));
    if constexpr (std::is_reference_v<T>)
      return static_cast<T>(*left.value());
    else if constexpr (!std::is_void_v<T>)
      return std::move(left.value());
  }
};

namespace detail {

template <class Closure>
void go_in(scheduler* home, const spawn_options& options, source_site site, Closure&& closure) {
  using F = std::remove_cvref_t<Closure>;
  start_detached(make_fiber_for(home, options, site, std::forward<Closure>(closure)).fiber, detached_body<F>::body);
}

template <class Closure>
auto spawn_in(scheduler* home, const spawn_options& options, source_site site, Closure&& closure) {
  using F = std::remove_cvref_t<Closure>;
  using R = kept_result<F>;
  fiber_block* const fiber = make_fiber_for(home, options, site, std::forward<Closure>(closure)).fiber;
  start_joinable(fiber, joinable_body<F, R>::body);
  return join_handle<R>(fiber);
}

}  // namespace detail

template <detail::not_spawn_options F>
  requires detail::kept_call<std::decay_t<F>>
void go(F&& f, source_site site = source_site::current()) {
  detail::go_in(nullptr, {}, site, std::decay_t<F>(std::forward<F>(f)));
}

template <class F>
  requires detail::kept_call<std::decay_t<F>>
void go(const spawn_options& options, F&& f, source_site site = source_site::current()) {
  detail::go_in(nullptr, options, site, std::decay_t<F>(std::forward<F>(f)));
}

template <detail::not_spawn_options F, class First, class... Rest>
  requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
[[gnu::noinline]] void go(F&& f, First&& first, Rest&&... rest) {
  detail::go_in(nullptr, {}, {nullptr, 0, __builtin_return_address(0)},
                detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
}

template <class F, class First, class... Rest>
  requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
[[gnu::noinline]] void go(const spawn_options& options, F&& f, First&& first, Rest&&... rest) {
  detail::go_in(nullptr, options, {nullptr, 0, __builtin_return_address(0)},
                detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
}

template <detail::not_spawn_options F>
  requires detail::kept_call<std::decay_t<F>>
auto spawn(F&& f, source_site site = source_site::current()) {
  return detail::spawn_in(nullptr, {}, site, std::decay_t<F>(std::forward<F>(f)));
}

template <class F>
  requires detail::kept_call<std::decay_t<F>>
auto spawn(const spawn_options& options, F&& f, source_site site = source_site::current()) {
  return detail::spawn_in(nullptr, options, site, std::decay_t<F>(std::forward<F>(f)));
}

template <detail::not_spawn_options F, class First, class... Rest>
  requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
[[gnu::noinline]] auto spawn(F&& f, First&& first, Rest&&... rest) {
  return detail::spawn_in(
      nullptr, {}, {nullptr, 0, __builtin_return_address(0)},
      detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
}

template <class F, class First, class... Rest>
  requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
[[gnu::noinline]] auto spawn(const spawn_options& options, F&& f, First&& first, Rest&&... rest) {
  return detail::spawn_in(
      nullptr, options, {nullptr, 0, __builtin_return_address(0)},
      detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
}

template <detail::not_spawn_options F, class... Args>
  requires detail::not_a_call<F, Args...>
void go(F&&, Args&&...) = delete;  // weft::go: no function of such arguments; they are copied: refer by std::ref
template <class F, class... Args>
  requires detail::not_a_call<F, Args...>
void go(const spawn_options&, F&&, Args&&...) = delete;  // weft::go: no function of such arguments, as above
template <detail::not_spawn_options F, class... Args>
  requires detail::not_a_call<F, Args...>
void spawn(F&&, Args&&...) = delete;  // weft::spawn: no function of such arguments; they are copied: refer by std::ref
template <class F, class... Args>
  requires detail::not_a_call<F, Args...>
void spawn(const spawn_options&, F&&, Args&&...) = delete;  // weft::spawn: no function of such arguments, as above

}  // namespace weft

#pragma GCC visibility pop
