#pragma once
// Room: std_shim. std::thread's interface on a fiber. It owns nothing but a join_handle: fibers belong to runtime.
// Next: jthread.hpp.

#include <exception>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// What a thread's fiber runs. As detached_body: only `cancelled` is caught and no frame is noexcept, so that any other
// exception terminates where it was thrown, frames intact. As joinable_body: somebody may wait for the end, however it
// came.
template <class F>
struct thread_body {
  static void run(void* storage, bool wanted) {
    unpacked<F> f(storage);
    const auto returned = [] {};
    stored<outcome<void>>::put(storage);
    stored<outcome<void>>::get(storage).set_result_of(returned);
    if (!wanted) return;
    try {
      detail::invoke(std::move(*f));
    } catch (const cancelled&) {
    }
  }
  static void drop_outcome(void* storage, bool) noexcept { stored<outcome<void>>::drop(storage); }
  static constexpr fiber_body body{&run, &drop_outcome, &never_throws};
};

// Not a switch point. What joins it never throws for the function's sake. `call` is what the user has called, for the
// error outside a runtime. `make` returns the function, so that it is made where it waits for its first turn.
template <class Make>
join_handle<void> start_thread(const char* call, source_site site, Make&& make) {
  require_fiber(call);
  fiber_block* const fiber = make_fiber_that(nullptr, {}, site, make).fiber;
  start_joinable(fiber, thread_body<std::invoke_result_t<Make&>>::body);
  return join_handle<void>(fiber);
}

}  // namespace detail

// A fiber with the interface of std::thread. Starting one outside a runtime throws std::logic_error, when there is no
// room std::system_error, as weft::spawn does.
//
//   weft::thread t([] { weft::this_thread::sleep_for(1s); });
//   t.join();
//
// join() is a cancellation point; once it threw weft::cancelled the thread is still joinable. As in std, an exception
// out of its function terminates the process, and so does destroying, or assigning over, one that is joinable. The one
// difference is what std knows nothing of: while an exception unwinds the owner (its cancellation, above all), the
// destructor cancels the thread and joins it instead. There is no native_handle(). An id is a fiber_id: compared,
// hashed and printed as std's, and never given twice. The function and its arguments are copied or moved once, as by
// std, and moved once more at most, to the fiber's stack.
class thread {
 public:
  using id = fiber_id;

  thread() noexcept = default;
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, thread> &&
             std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>)
  [[gnu::noinline]] explicit thread(F&& f, Args&&... args)
      : handle_(detail::start_thread("thread", {nullptr, 0, __builtin_return_address(0)}, [&] {
          return detail::bind_call(std::forward<F>(f), std::forward<Args>(args)...);
        })) {}
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, thread> &&
             !std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>)
  explicit thread(F&&, Args&&...) = delete;  // weft::thread: no function of such arguments; they are copied: std::ref
  thread(thread&&) noexcept = default;
  thread& operator=(thread&& from) noexcept {
    if (joinable()) std::terminate();
    handle_ = std::move(from.handle_);
    return *this;
  }
  ~thread() {
    if (joinable() && std::uncaught_exceptions() == 0) std::terminate();
  }  // joinable: join_handle's destructor cancels and joins

  [[nodiscard]] bool joinable() const noexcept { return handle_.joinable(); }

  // Parks until the function has ended. std::system_error: invalid_argument if not joinable,
  // resource_deadlock_would_occur if it is the calling fiber's own.
  void join();
  // Lets it run on its own. std::system_error(invalid_argument) if not joinable.
  void detach();

  [[nodiscard]] id get_id() const noexcept { return handle_.get_id(); }
  void swap(thread& other) noexcept;
  friend void swap(thread& a, thread& b) noexcept { a.swap(b); }
  [[nodiscard]] static unsigned hardware_concurrency() noexcept;

 private:
  friend class jthread;
  template <class Make>
  thread(const char* call, source_site site, Make&& make) : handle_(detail::start_thread(call, site, make)) {}

  join_handle<void> handle_;
};

}  // namespace weft

#pragma GCC visibility pop
