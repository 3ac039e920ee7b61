#pragma once
// Room: netpoll. Signals of the operating system, waited for by a fiber. (weft::signals makes a channel of one.)
//
//   net::signal_source interrupts{SIGINT, SIGTERM};
//   int which = interrupts.wait();
//
// While a source lives the signal does nothing but make it pending here: one pending of each kind, further ones
// coalesce. Several sources may have the same signal, and each sees it; the last one that goes restores what the signal
// did before. The signal reaches whichever thread of the process does not block it; workers block what the thread that
// made the runtime does. So one that was blocked before, by main or by whoever started the program, stays pending and
// is not seen: unblock it (pthread_sigmask) before the runtime is made.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <initializer_list>
#include <span>
#include <system_error>

#include <weft/runtime/detail/owned.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

class signal_source {
 public:
  // Requires a runtime (std::logic_error). Throws std::system_error if a signal cannot be caught
  // (std::errc::invalid_argument for SIGKILL, SIGSTOP and numbers that are no signals), and then leaves none of them
  // changed.
  explicit signal_source(std::initializer_list<int> signals);
  explicit signal_source(std::span<const int> signals);
  signal_source(signal_source&&) noexcept;
  signal_source& operator=(signal_source&&) noexcept;
  // Does not park. Nobody may be inside wait(), other than by close().
  ~signal_source();

  // Parks until a signal is pending, and returns its number. A cancellation point. Those who wait at once take turns.
  // Throws std::system_error: std::errc::operation_canceled if the source is closed meanwhile, bad_file_descriptor
  // after. With an error_code: 0, and cancellation alone is thrown.
  int wait();
  int wait(std::error_code& ec);

  // A pending signal, or 0. Does not park; any thread.
  [[nodiscard]] int try_wait() noexcept;

  // Wakes whoever waits, and restores what the signals did. Any thread; once more does nothing.
  void close() noexcept;

 private:
  struct state;
  weft::detail::owned<state> state_;
};

}  // namespace weft::net

#pragma GCC visibility pop
