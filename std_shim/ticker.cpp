// Room: std_shim. See ticker.hpp. The fiber that sends the ticks and the handles share the feed; the handles share one
// more thing, whose end ends the fiber (as signals.cpp).
//
// "Ticking", both sides, everything under the feed's mutex but the waits:
//   fiber                                             handle: reset, stop, the last one's end
//   T1 over: end                                      H1 take a waiting tick out of the channel
//   T2 reset the event, read when the next is due     H2 say when the next is due: in a period, never, or: over
//   T3 wait for the event until then                  H3 set the event, after the mutex
//   T4 due by now, and not put off: send if there is
//      room; due again, whole periods later
// - T2 resets before it reads, so a change after it is met by T3's wait.
// - T4 sends under the mutex, after a look at what H2 said: no tick of before comes after a reset or stop.

#include <weft/std_shim/ticker.hpp>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/mutex.hpp>

namespace weft {

namespace detail {

namespace {

deadline later(deadline from, std::int64_t nanoseconds) noexcept {
  return deadline::after(from, std::chrono::nanoseconds(nanoseconds));
}

class ticker_feed {
 public:
  explicit ticker_feed(deadline period) : core(element_ops_of<element<ticker::time_point>>::value, 1) { reset(period); }

  void run() {
    while (const auto due = next_due())
      if (!changed_.wait_until(*due)) tick();
  }

  void reset(deadline period) {
    change([&] {
      period_ = period.nanoseconds();
      due_ = later(now(), period_);
    });
  }
  void stop() {
    change([&] { due_ = deadline::never(); });
  }
  void end() {
    change([&] { is_over_ = true; });
  }

  channel_core core;

 private:
  // H1 to H3.
  template <class Change>
  void change(Change say) {
    {
      const std::scoped_lock held(mutex_);
      ticker::time_point stale;
      core.try_run(direction::receive, &stale);
      say();
    }
    changed_.set();
  }

  // T1, T2.
  std::optional<deadline> next_due() {
    const std::scoped_lock held(mutex_);
    if (is_over_) return std::nullopt;
    changed_.reset();
    return due_;
  }

  // T4.
  void tick() {
    const std::scoped_lock held(mutex_);
    const deadline at = now();
    if (due_.is_never() || at < due_) return;
    ticker::time_point sent{std::chrono::nanoseconds(at.nanoseconds())};
    core.try_run(direction::send, &sent);
    const std::int64_t missed = (at.nanoseconds() - due_.nanoseconds()) / period_;
    due_ = later(due_, (missed + 1) * period_);
  }

  event changed_;
  mutex mutex_;
  // Guarded by mutex_.
  std::int64_t period_ = 0;  // in ns
  deadline due_;
  bool is_over_ = false;
};

[[noreturn]] void throw_moved_from(const char* call) {
  throw std::logic_error(std::string("weft::ticker::") + call + ": of a ticker that was moved from");
}

deadline positive(deadline period) {
  if (period.nanoseconds() <= 0) throw std::invalid_argument("weft::ticker: a period must be more than nothing");
  return period;
}

}  // namespace

// What the handles own: it goes with the last of them.
class ticker_handle {
 public:
  explicit ticker_handle(std::shared_ptr<ticker_feed> feed) noexcept : feed_(std::move(feed)) {}
  ~ticker_handle() { feed_->end(); }
  ticker_handle(const ticker_handle&) = delete;
  ticker_handle& operator=(const ticker_handle&) = delete;

  [[nodiscard]] ticker_feed& feed() const noexcept { return *feed_; }

 private:
  std::shared_ptr<ticker_feed> feed_;
};

}  // namespace detail

ticker::ticker(deadline period) : ticks_(nullptr) {
  detail::require_fiber("ticker");
  const auto feed = std::make_shared<detail::ticker_feed>(detail::positive(period));
  const auto handle = std::make_shared<detail::ticker_handle>(feed);
  go({.name = "ticker"}, [feed] { feed->run(); });
  ticks_ = detail::channel_access::make<time_point>(std::shared_ptr<detail::channel_core>(handle, &feed->core));
  handle_ = handle.get();
}

void ticker::stop() const {
  if (ticks_ == nullptr) detail::throw_moved_from("stop");
  handle_->feed().stop();
}

void ticker::begin_again(deadline period) const {
  if (ticks_ == nullptr) detail::throw_moved_from("reset");
  handle_->feed().reset(detail::positive(period));
}

}  // namespace weft
