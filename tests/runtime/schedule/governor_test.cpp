// Whether one worker fewer is tried when it may help, kept when it does, and never when fibers compute: against
// machines that are formulas.

#include "governor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <utility>

namespace {

using weft::detail::governor;

// Turns per second with so many workers, at a time.
using pace_of = std::function<double(unsigned workers, double at_s)>;

constexpr std::int64_t k_ms = 1'000'000;

class machine {
 public:
  machine(unsigned seats, pace_of pace) : governor_(seats), pace_(std::move(pace)), filled_(seats) {}

  // The kernel takes a processor away five times in each window, or never.
  bool is_crowded = true;
  double load = 1;  // processors that the process has

  void run_for(double seconds) {
    const double end = now_s() + seconds;
    while (now_s() < end) {
      at_ns_ += governor::k_window_ns;
      turns_ += pace_(filled_, now_s()) * governor::k_window_ns / 1e9;
      ran_ns_ += load * governor::k_window_ns;
      switches_ += is_crowded ? 5 : 0;
      spent_[filled_] += 1;
      filled_ =
          governor_.advise({at_ns_, static_cast<std::uint64_t>(turns_), static_cast<std::int64_t>(ran_ns_), switches_});
    }
  }
  void sleep_for(std::int64_t ns) { at_ns_ += ns; }
  void forget() { spent_ = {}; }

  [[nodiscard]] unsigned filled() const { return filled_; }
  [[nodiscard]] double share_of_time_at(unsigned filled) const {
    double all = 0;
    for (const double each : spent_) all += each;
    return spent_[filled] / all;
  }

 private:
  [[nodiscard]] double now_s() const { return static_cast<double>(at_ns_) / 1e9; }

  governor governor_;
  pace_of pace_;
  unsigned filled_;
  std::int64_t at_ns_ = 1'000 * k_ms;
  double turns_ = 0;
  double ran_ns_ = 0;
  std::uint64_t switches_ = 0;
  std::array<double, 65> spent_{};
};

double one_worker_is_best(unsigned workers, double) { return workers == 1 ? 170'000 : 130'000; }
double each_worker_helps(unsigned workers, double) { return 100'000.0 * workers; }

TEST(governor, one_worker_fewer_is_kept_if_it_gets_more_done) {
  machine m(2, one_worker_is_best);
  m.run_for(0.15);
  EXPECT_EQ(m.filled(), 1u);
  m.forget();
  m.run_for(60);
  EXPECT_GT(m.share_of_time_at(1), 0.97);  // it tries two again, ever more rarely
}

TEST(governor, workers_that_help_are_kept) {
  machine m(2, each_worker_helps);
  m.run_for(60);
  EXPECT_EQ(m.filled(), 2u);
  EXPECT_GT(m.share_of_time_at(2), 0.97);  // beside others on the machine it tries one, ever more rarely
}

TEST(governor, nothing_is_tried_while_every_worker_has_its_processor) {
  machine m(2, one_worker_is_best);
  m.is_crowded = false;
  m.run_for(10);
  EXPECT_EQ(m.share_of_time_at(2), 1);
}

TEST(governor, fibers_that_compute_never_give_up_their_share) {
  machine m(4, [](unsigned workers, double) { return workers * 2'000.0; });  // half a millisecond a turn
  m.run_for(10);
  EXPECT_EQ(m.share_of_time_at(4), 1);
}

TEST(governor, when_turns_become_long_all_seats_are_filled_at_once) {
  bool computes = false;
  machine m(
      2, [&](unsigned workers, double at) { return computes ? 2'000.0 * workers : one_worker_is_best(workers, at); });
  m.run_for(1);
  ASSERT_EQ(m.filled(), 1u);
  computes = true;
  m.run_for(0.01);
  EXPECT_EQ(m.filled(), 2u);
}

TEST(governor, when_there_is_little_to_do_all_seats_are_filled) {
  machine m(2, one_worker_is_best);
  m.run_for(1);
  ASSERT_EQ(m.filled(), 1u);
  m.load = 0.3;
  m.run_for(0.01);
  EXPECT_EQ(m.filled(), 2u);
  m.forget();
  m.run_for(10);
  EXPECT_EQ(m.share_of_time_at(2), 1);
}

TEST(governor, after_a_sleep_of_the_monitor_all_seats_are_filled) {
  machine m(2, one_worker_is_best);
  m.run_for(1);
  ASSERT_EQ(m.filled(), 1u);
  m.sleep_for(100 * k_ms);
  m.run_for(0.01);
  EXPECT_EQ(m.filled(), 2u);
}

// With four times the load the second worker would help.
TEST(governor, another_pace_is_a_reason_to_try_again_soon) {
  bool more = false;
  machine m(2, [&](unsigned workers, double at) {
    if (!more) return one_worker_is_best(workers, at);
    return workers == 1 ? 250'000.0 : 400'000.0;
  });
  m.run_for(30);  // the pause before the next trial up is at its longest
  ASSERT_EQ(m.filled(), 1u);
  more = true;
  m.run_for(0.25);
  EXPECT_EQ(m.filled(), 2u);
}

TEST(governor, many_seats_are_left_by_quarters_down_to_what_is_best) {
  machine m(64, [](unsigned workers, double) { return 1e9 / (1'000 + 100 * workers); });
  m.run_for(10);
  EXPECT_EQ(m.filled(), 1u);
  machine half(64, [](unsigned workers, double) {
    const double beyond = workers > 30 ? workers - 30 : 30 - workers;
    return 3e6 - 50'000 * beyond;
  });
  half.run_for(10);
  EXPECT_GE(half.filled(), 24u);
  EXPECT_LE(half.filled(), 40u);
}

}  // namespace
