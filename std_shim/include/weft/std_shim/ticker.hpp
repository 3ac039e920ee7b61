#pragma once
// Room: std_shim. Ticks in a channel, to be received in a select beside everything else, as Go's time.Ticker. What
// sends them is ticker.cpp's.
// Next: weft.hpp.

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/sync/channel.hpp>

namespace weft::detail {
class ticker_handle;
}

#pragma GCC visibility push(default)

namespace weft {

//   weft::ticker every(100ms);
//   for (;;) weft::select(weft::recv(every.ticks(), [&](auto) { refresh(); }), weft::recv(stop, [&](auto) { ... }));
//
// One tick a period, the first a period after the construction; each is the time at which it was sent. A receiver that
// is slow misses ticks, and finds at most one waiting: sending never blocks. They stay multiples of the period apart
// from the first one, however late one is sent.
// A cheap shared handle, as a channel is: copies are the same ticker, members are const. The ticking ends with the last
// handle of the ticker or of its channel; the channel alone is enough (`for (auto now : weft::ticker(1s).ticks())`).
// stop() and reset() park only for a mutex, and are not cancellation points; after either of them no tick of before
// comes, also not the one that was waiting. stop() closes nothing: a receiver waits, as in Go, until a reset().
// Requires a runtime (std::logic_error), whose fiber "ticker" sends; after its end nothing more comes. A period that is
// not positive: std::invalid_argument. stop() and reset() of one that was moved from: std::logic_error.
class ticker {
 public:
  using time_point = deadline::clock::time_point;

  template <class Rep, class Period>
  explicit ticker(const std::chrono::duration<Rep, Period>& period) : ticker(within(period)) {}

  [[nodiscard]] const channel<time_point>& ticks() const noexcept { return ticks_; }

  // No ticks from now on, until reset().
  void stop() const;
  // The next tick comes a period from now, stopped or not.
  template <class Rep, class Period>
  void reset(const std::chrono::duration<Rep, Period>& period) const {
    begin_again(within(period));
  }

 private:
  // A period, as the point that far from the beginning of time: saturated.
  template <class Rep, class Period>
  static deadline within(const std::chrono::duration<Rep, Period>& period) noexcept {
    return deadline::after(deadline::from_nanoseconds(0), period);
  }

  explicit ticker(deadline period);
  void begin_again(deadline period) const;

  channel<time_point> ticks_;
  detail::ticker_handle* handle_ = nullptr;  // lives as long as the channel
};

}  // namespace weft

#pragma GCC visibility pop
