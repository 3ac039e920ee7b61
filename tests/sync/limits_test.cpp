// Every wait with a limit, under every limit at the edge of what durations and clocks can say: one that is past is over
// at once, and one that is far is waited for.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>

#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/condition_variable_any.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/recursive_mutex.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/sync/shared_mutex.hpp>
#include <weft/sync/timed_mutex.hpp>

namespace {

using namespace std::chrono;

using unsigned_seconds = duration<std::uint64_t>;
using double_seconds = duration<double>;
template <class Duration>
using at_system = time_point<system_clock, Duration>;

// Half as fast as the steady clock.
struct slow_clock {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<slow_clock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept { return time_point(steady_clock::now().time_since_epoch() / 2); }
};

static_assert(slow_clock::is_steady);

template <class Limit>
constexpr bool is_point = requires(Limit limit) {
  limit.time_since_epoch();
};

// By the kind of `t`, a limit.
#define UNTIL_OR_FOR(until, within)      \
  [&] {                                  \
    if constexpr (is_point<decltype(t)>) \
      return until;                      \
    else                                 \
      return within;                     \
  }()

constexpr auto nothing_comes = [] { return false; };

// What is never given to anybody, and each way to wait for it until `t`: try_one(name, wait), whose wait says whether
// it got something.
struct never_given {
  weft::mutex m;
  weft::condition_variable cv;
  weft::condition_variable_any any;
  weft::binary_semaphore permits{0};
  weft::event event;
  weft::channel<int> values;
  weft::promise<int> promise;
  weft::future<int> future = promise.get_future();
  std::stop_source stop;

  template <class Limit, class TryOne>
  void each_wait(Limit t, TryOne try_one) {
    try_one("sleep", [&] {
      UNTIL_OR_FOR(weft::this_fiber::sleep_until(t), weft::this_fiber::sleep_for(t));
      return false;
    });
    try_one("condition variable", [&] {
      std::unique_lock lock(m);
      while (UNTIL_OR_FOR(cv.wait_until(lock, t), cv.wait_for(lock, t)) != std::cv_status::timeout) continue;
      return false;
    });
    try_one("condition variable with a predicate", [&] {
      std::unique_lock lock(m);
      return UNTIL_OR_FOR(cv.wait_until(lock, t, nothing_comes), cv.wait_for(lock, t, nothing_comes));
    });
    try_one("condition_variable_any", [&] {
      std::unique_lock lock(m);
      while (UNTIL_OR_FOR(any.wait_until(lock, t), any.wait_for(lock, t)) != std::cv_status::timeout) continue;
      return false;
    });
    try_one("condition_variable_any with a predicate", [&] {
      std::unique_lock lock(m);
      return UNTIL_OR_FOR(any.wait_until(lock, t, nothing_comes), any.wait_for(lock, t, nothing_comes));
    });
    try_one("condition_variable_any with a token", [&] {
      std::unique_lock lock(m);
      const std::stop_token token = stop.get_token();
      return UNTIL_OR_FOR(any.wait_until(lock, token, t, nothing_comes), any.wait_for(lock, token, t, nothing_comes));
    });
    try_one("semaphore", [&] { return UNTIL_OR_FOR(permits.try_acquire_until(t), permits.try_acquire_for(t)); });
    try_one("event", [&] { return UNTIL_OR_FOR(event.wait_until(t), event.wait_for(t)); });
    try_one("receive", [&] {
      int v = 0;
      return UNTIL_OR_FOR(values.recv_until(v, t), values.recv_for(v, t)) != weft::channel_status::timeout;
    });
    try_one("send", [&] {
      const int v = 0;
      return UNTIL_OR_FOR(values.send_until(v, t), values.send_for(v, t)) != weft::channel_status::timeout;
    });
    try_one("future",
            [&] { return UNTIL_OR_FOR(future.wait_until(t), future.wait_for(t)) != std::future_status::timeout; });
    try_one("limit of a scope", [&] {
      const auto wait = [this] { event.wait(); };
      return UNTIL_OR_FOR(weft::try_with_deadline(t, wait), weft::try_with_timeout(t, wait));
    });
  }
};

// What another fiber holds until it is told to let go.
class held_locks {
 public:
  held_locks()
      : holder_(weft::spawn([this] {
          const std::scoped_lock all(timed_, recursive_, shared_);
          held_.set();
          let_go_.wait();
        })) {
    held_.wait();
  }
  void let_go() { let_go_.set(); }

  // As above: whose lock says whether it got it, and lets go of it.
  template <class Limit, class TryOne>
  void each_lock(Limit t, TryOne try_one) {
    const auto lock_and_unlock = [t](auto& m) {
      const bool is_mine = UNTIL_OR_FOR(m.try_lock_until(t), m.try_lock_for(t));
      if (is_mine) m.unlock();
      return is_mine;
    };
    try_one("timed mutex", [=, this] { return lock_and_unlock(timed_); });
    try_one("recursive mutex", [=, this] { return lock_and_unlock(recursive_); });
    try_one("shared mutex", [=, this] { return lock_and_unlock(shared_); });
    try_one("shared mutex, to read", [=, this] {
      const bool is_mine = UNTIL_OR_FOR(shared_.try_lock_shared_until(t), shared_.try_lock_shared_for(t));
      if (is_mine) shared_.unlock_shared();
      return is_mine;
    });
  }

 private:
  weft::timed_mutex timed_;
  weft::recursive_timed_mutex recursive_;
  weft::shared_timed_mutex shared_;
  weft::event held_, let_go_;
  weft::join_handle<void> holder_;
};

// Each limit of the table, as f(what, limit).
template <class F>
void each_past(F f) {
  f("nanoseconds::min()", nanoseconds::min());
  f("hours::min()", hours::min());
  f("nothing", seconds(0));
  f("no unsigned seconds", unsigned_seconds(0));
  f("-1e300 s", double_seconds(-1e300));
  f("no number of seconds", double_seconds(std::numeric_limits<double>::quiet_NaN()));
  f("steady min", steady_clock::time_point::min());
  f("system min", system_clock::time_point::min());
  f("system min, in seconds", at_system<seconds>::min());
  f("system min, in hours", at_system<hours>::min());
  f("system, an hour ago in unsigned seconds", time_point_cast<unsigned_seconds>(system_clock::now() - hours(1)));
  f("system, in the year 1900 as a float", at_system<double_seconds>(double_seconds(-2e9)));
  f("system max, in hours that a short counts", at_system<duration<short, hours::period>>::max());  // in 1973
}

template <class F>
void each_far(F f) {
  f("nanoseconds::max()", nanoseconds::max());
  f("hours::max()", hours::max());
  f("unsigned seconds' max()", unsigned_seconds::max());
  f("1e300 s", double_seconds(1e300));
  f("infinite seconds", double_seconds(std::numeric_limits<double>::infinity()));
  f("steady max", steady_clock::time_point::max());
  f("steady max - 1 ns", steady_clock::time_point::max() - nanoseconds(1));
  f("steady max, in seconds", time_point<steady_clock, seconds>::max());
  f("system max", system_clock::time_point::max());
  f("system max, in seconds", at_system<seconds>::max());
  f("system max, in hours", at_system<hours>::max());
  f("system, in an hour, in unsigned seconds", time_point_cast<unsigned_seconds>(system_clock::now() + hours(1)));
}

FIBER_TEST(limits, that_are_past_are_over_at_once) {
  never_given nothing;
  held_locks held;
  each_past([&](const char* what, auto t) {
    const auto expect_over = [what](const char* name, auto wait) { EXPECT_FALSE(wait()) << name << ": " << what; };
    nothing.each_wait(t, expect_over);
    held.each_lock(t, expect_over);
  });
  held.let_go();
}

// True: the fiber parks; false: it has ended by then.
bool parks(const std::atomic<bool>& has_ended) {
  bool is_parked = false;
  weft::testing::wait_until([&] {
    const auto seen = weft::snapshot();
    is_parked = std::any_of(seen.fibers.begin(), seen.fibers.end(), [](const weft::fiber_info& fiber) {
      return fiber.name == "waiter" && fiber.state == weft::fiber_state::parked;
    });
    return is_parked || has_ended;
  });
  return is_parked;
}

FIBER_TEST(limits, that_are_far_are_waited_for) {
  never_given nothing;
  each_far([&](const char* what, auto t) {
    nothing.each_wait(t, [what](const char* name, auto wait) {
      std::atomic<bool> has_ended{false};
      const auto waiter = weft::spawn({.name = "waiter"}, [&] {
        (void)wait();
        has_ended = true;
      });
      EXPECT_TRUE(parks(has_ended)) << name << ": " << what;
    });
  });
}

FIBER_TEST(limits, that_are_far_are_waited_for_by_lockers) {
  each_far([](const char* what, auto t) {
    held_locks held;
    std::vector<weft::join_handle<bool>> lockers;
    held.each_lock(t, [&](const char* name, auto lock) {
      static_cast<void>(name);
      lockers.push_back(weft::spawn(lock));
    });
    weft::testing::wait_until([&] { return weft::snapshot().count(weft::fiber_state::parked) >= lockers.size(); });
    held.let_go();
    for (auto& each : lockers) EXPECT_TRUE(each.join()) << what;
  });
}

// A wait that goes by the steady clock alone would end when half of the time is over.
FIBER_TEST(limits, on_a_slower_clock_are_over_when_it_says_so) {
  never_given nothing;
  held_locks held;
  const auto soon = [] { return slow_clock::now() + microseconds(200); };
  const auto expect_reached = [](slow_clock::time_point t) {
    return [t](const char* name, auto wait) {
      EXPECT_FALSE(wait()) << name;
      EXPECT_GE(slow_clock::now(), t) << name;
    };
  };
  std::vector<std::string> waits;
  nothing.each_wait(slow_clock::now(), [&](const char* name, auto) { waits.emplace_back(name); });
  for (const std::string& each : waits)
    if (const auto t = soon(); each != "limit of a scope")
      nothing.each_wait(t, [&](const char* name, auto wait) {
        if (each == name) expect_reached(t)(name, wait);
      });
  for (const std::string each : {"timed mutex", "recursive mutex", "shared mutex", "shared mutex, to read"}) {
    const auto t = soon();
    held.each_lock(t, [&](const char* name, auto wait) {
      if (each == name) expect_reached(t)(name, wait);
    });
  }
  held.let_go();
}

}  // namespace
