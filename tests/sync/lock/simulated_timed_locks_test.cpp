// Timed and recursive mutexes, and call_once, under thousands of orders, beside copies that are broken in the way that
// each workload is there to find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <support/simulated.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/once.hpp>
#include <weft/sync/recursive_mutex.hpp>
#include <weft/sync/shared_mutex.hpp>
#include <weft/sync/timed_mutex.hpp>

#include "forgetful_queue.hpp"

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::forgetful_queue;
using weft::testing::join_all;
using weft::testing::must;

// --- A time that runs out against a hand-off.

class forgetful_mutex {
 public:
  void lock() { turns_.acquire(); }
  bool try_lock() { return turns_.try_acquire(); }
  template <class Duration>
  bool try_lock_for(Duration d) {
    return turns_.try_acquire_for(d);
  }
  void unlock() { turns_.release(); }

 private:
  forgetful_queue turns_{1};
};

// Unlocked just as the time of one who waits runs out, and again as that of another does, who may have been outrun.
template <class Mutex>
void limit_against_hand_off() {
  Mutex m;
  std::atomic<int> inside{0};
  const auto enter = [&] {
    must(++inside == 1, "two are inside");
    weft::this_fiber::yield();
    --inside;
    m.unlock();
  };
  m.lock();
  fibers all;
  for (int i = 0; i < 2; ++i)
    all.push_back(weft::spawn([&, i] {
      if (m.try_lock_for(std::chrono::milliseconds(1 + i))) enter();
    }));
  auto patient = weft::spawn([&] {
    m.lock();
    enter();
  });
  await_stillness();
  weft::this_fiber::sleep_for(999us);
  m.unlock();
  if (m.try_lock()) {
    weft::this_fiber::sleep_for(1ms);
    m.unlock();
  }
  join_all(all);
  patient.join();
  must(m.try_lock(), "somebody who gave up has it");
  m.unlock();
}

TEST(simulated_timed_mutex, is_not_lost_with_who_runs_out_of_time) {
  expect_holds(limit_against_hand_off<weft::timed_mutex>);
}
TEST(simulated_timed_mutex, is_not_lost_and_the_test_would_see_it) {
  expect_found(20, limit_against_hand_off<forgetful_mutex>);
}
TEST(simulated_recursive_mutex, is_not_lost_with_who_runs_out_of_time) {
  expect_holds(limit_against_hand_off<weft::recursive_timed_mutex>);
}
TEST(simulated_shared_mutex, is_not_lost_with_writers_who_run_out_of_time) {
  expect_holds(limit_against_hand_off<weft::shared_timed_mutex>);
}

// --- Levels.

// The last level is the first that is unlocked.
class mutex_of_one_level {
 public:
  void lock() {
    if (!is_mine()) turns_.acquire();
    owner_ = self();
  }
  bool try_lock() {
    if (!is_mine() && !turns_.try_acquire()) return false;
    owner_ = self();
    return true;
  }
  void unlock() {
    if (!is_mine()) return;
    owner_ = 0;
    turns_.release();
  }

 private:
  static std::uint64_t self() { return weft::this_fiber::get_id().number(); }
  [[nodiscard]] bool is_mine() const { return owner_ == self(); }

  forgetful_queue turns_{1};
  std::atomic<std::uint64_t> owner_{0};
};

template <class Mutex>
void level_upon_level() {
  Mutex m;
  std::atomic<int> inside{0};
  const auto enter = [&] {
    must(++inside == 1, "two are inside");
    weft::this_fiber::yield();
    --inside;
  };
  fibers all;
  for (int i = 0; i < 3; ++i)
    all.push_back(weft::spawn([&, i] {
      if (i == 0 && !m.try_lock()) return;
      if (i != 0) m.lock();
      {
        const std::scoped_lock inner(m);
        const std::unique_lock innermost(m, std::try_to_lock);
        must(innermost.owns_lock(), "its owner cannot lock it again");
        enter();
      }
      enter();
      m.unlock();
    }));
  join_all(all);
}

TEST(simulated_recursive_mutex, is_held_until_its_last_level) {
  expect_holds(level_upon_level<weft::recursive_mutex>);
  expect_holds(level_upon_level<weft::recursive_timed_mutex>);
}
TEST(simulated_recursive_mutex, is_held_until_its_last_level_and_the_test_would_see_it) {
  expect_found(20, level_upon_level<mutex_of_one_level>);
}

// --- Once.

// Says that it is done before it is.
class hasty_once_flag {
 public:
  template <class F>
  void call(F f) {
    {
      const std::scoped_lock held(guard_);
      if (std::exchange(is_done_, true)) return;
    }
    f();
  }

 private:
  weft::mutex guard_;
  bool is_done_ = false;
};

class once_flag {
 public:
  template <class F>
  void call(F f) {
    weft::call_once(flag_, std::move(f));
  }

 private:
  weft::once_flag flag_;
};

// The first throws, one is cancelled, wherever it is just then.
template <class Once>
void throwing_callers() {
  Once once;
  std::atomic<int> inside{0};
  std::atomic<int> calls{0};
  int made = 0;  // published by the flag alone
  const auto make = [&] {
    must(++inside == 1, "two are called at once");
    struct leaving {
      std::atomic<int>& inside;
      ~leaving() { --inside; }
    } const left{inside};
    const bool is_first = ++calls == 1;
    weft::this_fiber::yield();  // where it is cancelled
    if (is_first) throw std::runtime_error("the first");
    ++made;
  };
  fibers all;
  for (int i = 0; i < 4; ++i)
    all.push_back(weft::spawn([&] {
      try {
        once.call(make);
      } catch (const std::runtime_error&) {
        return;
      }
      must(made == 1, "returned, and made " + std::to_string(made) + " times");
    }));
  all[0].request_stop();
  for (int i = 1; i < 4; ++i) all[static_cast<std::size_t>(i)].join();
  all.clear();
  once.call(make);
  must(made == 1, "made " + std::to_string(made) + " times");
}

TEST(simulated_call_once, is_done_once_though_some_throw) { expect_holds(throwing_callers<once_flag>); }
TEST(simulated_call_once, is_done_once_and_the_test_would_see_it) {
  expect_found(20, throwing_callers<hasty_once_flag>);
}

}  // namespace
