#pragma once
// Room: runtime. The runtime as users start it.
//
//   int main() { return weft::run([] { ...; return 0; }); }      construct, run, stop
//
//   weft::runtime rt{{.workers = 4}};                           embedding: from any plain thread, as often as one likes
//   rt.go(f);  auto x = rt.run(g);
//
// run returns what f returns and rethrows what it throws; the calling thread blocks, and f is a fiber, on a stack of
// 8 MiB (of options.stack_size, if that is more). When weft::run's f has returned, every fiber still alive is
// cancelled, unwound and joined; runtime::run ends nothing. Inside a fiber, run and runtime throw std::logic_error.
// While weft::run lasts, SIGQUIT writes the dump on stderr (options.hpp).
// Next: options.hpp, spawn.hpp.

#include <type_traits>
#include <utility>

#include <weft/runtime/detail/clock_source.hpp>
#include <weft/runtime/detail/owned.hpp>
#include <weft/runtime/options.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft {

class runtime {
 public:
  // Starts the workers. Throws std::invalid_argument for an option or environment variable that cannot be,
  // std::logic_error inside a fiber, std::system_error if the system gives no thread.
  explicit runtime(const options& wanted = {}, detail::clock_source* clock = nullptr);
  // stop(). Where exit() on one of its own fibers, or in the function of a blocking call of one, destroys a static
  // runtime, that fiber is left as it is, and all others are ended; elsewhere, on a fiber, it blocks the worker.
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  // Any plain thread, or a fiber of another runtime. As weft::go, in this runtime. After stop: std::logic_error.
  template <class F>
  void go(F&& f, source_site site = source_site::current()) {
    detail::go_in(&running(), {}, site, std::decay_t<F>(std::forward<F>(f)));
  }
  template <class F>
  void go(const spawn_options& options, F&& f, source_site site = source_site::current()) {
    detail::go_in(&running(), options, site, std::decay_t<F>(std::forward<F>(f)));
  }

  template <class F>
  detail::kept_result<std::decay_t<F>> run(F&& f, source_site site = source_site::current()) {
    refuse_on_fiber("runtime::run");
    detail::scheduler& home = running();
    auto main = detail::spawn_in(&home, detail::main_options(home), site, std::decay_t<F>(std::forward<F>(f)));
    await(main.block());
    return main.join();
  }

  // Cancels every fiber, waits until all have ended, and joins the workers. Every wait ends by that; those that are no
  // cancellation points (a mutex's, call_once, a barrier's) only once all who are left wait for one another; where
  // other threads or runtimes might end them, after 5 s. A fiber that delays the end for 5 s is named on stderr, with
  // where it was spawned and what keeps it (it computes, is shielded, or sits in a blocking call); options.end_limit
  // says for how long that may go on. A second stop does nothing; one thread at a time. std::logic_error on a fiber,
  // and in a blocking call of one of its own.
  void stop();

  // For whoever moves an injected clock: due timers are looked for again.
  void look_again() noexcept;

 private:
  [[nodiscard]] detail::scheduler& running() const;  // throws std::logic_error after stop
  static void refuse_on_fiber(const char* call);
  void await(detail::fiber_block* main) const;  // throws weft::deadlock

  detail::owned<detail::scheduler> scheduler_;
};

namespace detail {
template <class T>
concept not_options = !std::is_same_v<std::remove_cvref_t<T>, options>;

inline options for_run(options wanted) noexcept {
  if (wanted.quit == on_quit::standard) wanted.quit = on_quit::dump;
  return wanted;
}
}  // namespace detail

template <class F>
detail::kept_result<std::decay_t<F>> run(const options& wanted, F&& f, source_site site = source_site::current()) {
  runtime rt(detail::for_run(wanted));
  return rt.run(std::forward<F>(f), site);
}

template <detail::not_options F>
detail::kept_result<std::decay_t<F>> run(F&& f, source_site site = source_site::current()) {
  return run(options{}, std::forward<F>(f), site);
}

}  // namespace weft

#pragma GCC visibility pop
