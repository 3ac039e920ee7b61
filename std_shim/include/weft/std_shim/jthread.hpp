#pragma once
// Room: std_shim. std::jthread's interface on a fiber: a weft::thread that is asked to stop, and joined.
// Next: this_thread.hpp.

#include <stop_token>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>
#include <weft/std_shim/thread.hpp>

#pragma GCC visibility push(default)

namespace weft {

// A fiber with the interface of std::jthread. Its function may take a std::stop_token before its other arguments.
//
//   weft::jthread poller([](std::stop_token stop) { while (!stop.stop_requested()) poll_once(); });
//   poller.request_stop();                            // sets the token; the destructor does so too, and joins
//
// request_stop() sets the token and throws nothing in the fiber, as in std: a function that is to end while it waits
// has the token wake it (a std::stop_callback that closes the channel or sets the event that it waits for). The
// destructor, and assigning over a joinable one, request the stop and join, however long that takes, with cancellation
// held back; also while an exception unwinds the owner, unlike weft::thread's. The end of the runtime cancels the fiber
// as it does all others. join() is a cancellation point. Everything else is as weft::thread's: starting one outside a
// runtime throws std::logic_error, an exception out of its function terminates the process.
class jthread {
 public:
  using id = thread::id;

  jthread() noexcept : source_(std::nostopstate) {}
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, jthread> &&
             (std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...> ||
              std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>))
  [[gnu::noinline]] explicit jthread(F&& f, Args&&... args)
      : thread_(start(source_, {nullptr, 0, __builtin_return_address(0)}, std::forward<F>(f),
                      std::forward<Args>(args)...)) {}
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, jthread> &&
             !std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...> &&
             !std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>)
  explicit jthread(F&&, Args&&...) = delete;  // weft::jthread: no function of such arguments; they are copied: std::ref
  jthread(jthread&&) noexcept = default;
  jthread& operator=(jthread&& from) noexcept {
    if (this == &from) return *this;
    end();
    source_ = std::move(from.source_);
    thread_ = std::move(from.thread_);
    return *this;
  }
  ~jthread() { end(); }

  [[nodiscard]] bool joinable() const noexcept { return thread_.joinable(); }
  // As weft::thread's.
  void join() { thread_.join(); }
  void detach() { thread_.detach(); }
  [[nodiscard]] id get_id() const noexcept { return thread_.get_id(); }

  [[nodiscard]] std::stop_source get_stop_source() noexcept { return source_; }
  [[nodiscard]] std::stop_token get_stop_token() const noexcept { return source_.get_token(); }
  // False if it had been requested before, or there is nothing to stop.
  bool request_stop() noexcept {
    const detail::scheduling_points around;
    return source_.request_stop();
  }

  void swap(jthread& other) noexcept {
    source_.swap(other.source_);
    thread_.swap(other.thread_);
  }
  friend void swap(jthread& a, jthread& b) noexcept { a.swap(b); }
  [[nodiscard]] static unsigned hardware_concurrency() noexcept { return thread::hardware_concurrency(); }

 private:
  template <class F, class... Args>
  static thread start(const std::stop_source& source, source_site site, F&& f, Args&&... args) {
    if constexpr (std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>)
      return thread("jthread", site, [&] {
        return detail::bind_call(std::forward<F>(f), source.get_token(), std::forward<Args>(args)...);
      });
    else
      return thread("jthread", site,
                    [&] { return detail::bind_call(std::forward<F>(f), std::forward<Args>(args)...); });
  }

  void end() noexcept {
    if (!joinable()) return;
    request_stop();
    shield([this] { thread_.join(); });
  }

  std::stop_source source_;
  thread thread_;
};

}  // namespace weft

#pragma GCC visibility pop
