#pragma once
// Room: runtime. How many workers help: where turns take microseconds and there is no processor left for all workers,
// one of them fewer may get more done, for a wake-up or a migration costs more than the turn that it brings forward. It
// owns that judgement, made from figures that it is given, and nothing else: no clock, no worker, no thread.
//
// It does not conclude, it tries, and keeps what helps. A trial is four windows of 10 ms, the first of which does not
// count (caches and load find out), held against the last three before it.
//   down  a quarter of the seats, one at least, is vacated. Begins if turns are short and the kernel takes processors
//         away: so a program that computes never gives up its share, nor does one that has the machine for itself
//   up    a third of the filled ones is filled in addition
// Kept is what made the turns per second not less (down: it costs less) or a twelfth more (up). Otherwise it is taken
// back, and the next trial in this direction comes after twice the pause, up to 3.2 s: what trials cost stays below a
// hundredth. When the pace changes by a third, the pauses begin anew; when turns become long, or there is little to do,
// all seats are filled at once.
//
// Rejected: going by involuntary switches alone, or by the processor time that workers get: they tell that processors
// are short, not that fewer workers are better. Beside a batch job of somebody else more of them get more done.
// Next: monitor.cpp, which asks and obeys.

#include <cstddef>
#include <cstdint>

namespace weft::detail {

class governor {
 public:
  static constexpr std::int64_t k_window_ns = 10'000'000;
  static constexpr std::int64_t k_short_turn_ns = 50'000;
  static constexpr std::int64_t k_first_pause_ns = 100'000'000;
  static constexpr std::int64_t k_longest_pause_ns = 32 * k_first_pause_ns;

  explicit governor(unsigned seats) noexcept : seats_(seats), filled_(seats), before_(seats) {}

  struct sample {
    std::int64_t at_ns = 0;
    std::uint64_t turns = 0;  // of all workers, ever
    // Of the process, ever: processor time, and how often the kernel took a processor away.
    std::int64_t ran_ns = 0;
    std::uint64_t switched_by_force = 0;
  };

  [[nodiscard]] bool is_due(std::int64_t now_ns) const noexcept { return now_ns - last_.at_ns >= k_window_ns; }
  // When it is due: how many seats shall be filled from now on.
  [[nodiscard]] unsigned advise(const sample& now) noexcept;

 private:
  static constexpr int k_windows = 3;
  // When the next trial down may begin, or the next one up.
  struct direction {
    std::int64_t pause_ns = k_first_pause_ns;
    std::int64_t next_ns = 0;
    void begin_anew(std::int64_t now_ns) noexcept { next_ns = now_ns + (pause_ns = k_first_pause_ns); }
    void put_off(std::int64_t now_ns) noexcept;
  };

  void note(double pace) noexcept;
  [[nodiscard]] double pace() const noexcept;
  [[nodiscard]] bool is_trying() const noexcept { return filled_ != before_; }
  void consider(std::int64_t now_ns, bool short_of_processors) noexcept;
  void try_out(unsigned filled) noexcept;
  void judge(std::int64_t now_ns) noexcept;
  void settle_for(unsigned filled) noexcept;

  const unsigned seats_;
  unsigned filled_;
  unsigned before_;  // the trial; as filled_: there is none
  direction down_, up_;
  sample last_;
  int windows_ = 0;               // since filled_ changed; negative: does not count
  double paces_[k_windows] = {};  // turns per nanosecond, the last windows
  double reference_ = 0;          // the pace before the trial; when it has been kept, its own
};

}  // namespace weft::detail
