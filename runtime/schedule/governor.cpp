// Room: runtime. See governor.hpp.

#include "governor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weft::detail {

namespace {

constexpr double k_worth_a_worker_less = 1.0;  // it costs less, and who waits is served in order
constexpr double k_worth_a_worker_more = 1.08;
constexpr double k_another_pace = 1.0 / 3;
constexpr double k_longest_window_ns = 5 * governor::k_window_ns;
constexpr double k_least_load = 0.5;                 // of a processor
constexpr double k_switches_of_an_idle_machine = 1;  // in a window

}  // namespace

unsigned governor::advise(const sample& now) noexcept {
  const sample before = std::exchange(last_, now);
  const auto took = static_cast<double>(now.at_ns - before.at_ns);
  const auto ran = static_cast<double>(now.ran_ns - before.ran_ns);
  const auto turns = static_cast<double>(now.turns - before.turns);
  const auto switches = static_cast<double>(now.switched_by_force - before.switched_by_force);
  const bool monitor_has_slept = took > k_longest_window_ns;
  if (monitor_has_slept || ran < k_least_load * took || ran >= 2 * k_short_turn_ns * turns) {
    settle_for(seats_);
    return filled_;
  }
  note(turns / took);
  if (windows_ < k_windows) return filled_;
  if (is_trying())
    judge(now.at_ns);
  else if (ran < k_short_turn_ns * turns)
    consider(now.at_ns, switches * k_window_ns > k_switches_of_an_idle_machine * took);
  return filled_;
}

void governor::consider(std::int64_t now_ns, bool short_of_processors) noexcept {
  if (filled_ != seats_ && std::abs(pace() - reference_) > k_another_pace * reference_) {
    reference_ = pace();
    down_.begin_anew(now_ns);
    up_.begin_anew(now_ns);
  }
  if (filled_ != seats_ && now_ns >= up_.next_ns)
    try_out(std::min(seats_, filled_ + std::max(1u, filled_ / 3)));
  else if (filled_ != 1 && short_of_processors && now_ns >= down_.next_ns)
    try_out(filled_ - std::max(1u, filled_ / 4));
}

void governor::try_out(unsigned filled) noexcept {
  reference_ = pace();
  before_ = std::exchange(filled_, filled);
  windows_ = -1;
}

void governor::judge(std::int64_t now_ns) noexcept {
  const bool is_down = filled_ < before_;
  if (pace() >= (is_down ? k_worth_a_worker_less : k_worth_a_worker_more) * reference_) {
    reference_ = pace();
    before_ = filled_;
    down_.begin_anew(now_ns);
    up_.begin_anew(now_ns);
    return;
  }
  (is_down ? down_ : up_).put_off(now_ns);
  settle_for(before_);
}

void governor::settle_for(unsigned filled) noexcept {
  filled_ = before_ = filled;
  windows_ = -1;
}

void governor::direction::put_off(std::int64_t now_ns) noexcept {
  pause_ns = std::min(2 * pause_ns, k_longest_pause_ns);
  next_ns = now_ns + pause_ns;
}

void governor::note(double pace) noexcept {
  if (windows_ < k_windows) ++windows_;
  std::copy(paces_ + 1, paces_ + k_windows, paces_);
  paces_[k_windows - 1] = pace;
}

double governor::pace() const noexcept { return (paces_[0] + paces_[1] + paces_[2]) / k_windows; }

}  // namespace weft::detail
