// What [thread.condition.condvarany] says beyond condition_variable_list.cpp: any lock, and stop tokens; and
// [thread.condition.nonmember], the notification at the end of a thread.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

template <class World>
using condition_variable_any_of = typename World::condition_variable_any;

CONFORMANCE_LIST(condition_variable_any_list, condition_variable_any_of);

// A lock of the user's: BasicLockable and no more.
template <class Mutex>
class counting_lock {
 public:
  void lock() {
    mutex_.lock();
    ++locks;
  }
  void unlock() {
    ++unlocks;
    mutex_.unlock();
  }
  int locks = 0, unlocks = 0;

 private:
  Mutex mutex_;
};

CONFORMS(condition_variable_any_list, waits_with_a_lock_of_the_users_own) {
  counting_lock<typename World::mutex> m;
  condition_variable_any_of<World> cv;
  bool ready = false;
  typename World::thread other([&] {
    m.lock();
    ready = true;
    m.unlock();
    cv.notify_one();
  });
  m.lock();
  cv.wait(m, [&] { return ready; });
  EXPECT_FALSE(cv.wait_for(m, milliseconds(0), [] { return false; }));
  EXPECT_FALSE(cv.wait_until(m, steady_clock::now() + milliseconds(1), [] { return false; }));
  m.unlock();
  other.join();
  EXPECT_EQ(m.locks, m.unlocks);
}

CONFORMS(condition_variable_any_list, waits_as_a_reader) {
  typename World::shared_mutex m;
  condition_variable_any_of<World> cv;
  std::atomic<int> waiting{0};
  bool ready = false;
  typename World::thread readers([&] {
    on_threads<World>(2, [&](int) {
      std::shared_lock lock(m);
      ++waiting;
      cv.wait(lock, [&] { return ready; });
      EXPECT_TRUE(lock.owns_lock());
    });
  });
  wait_until([&] { return waiting == 2; });
  {
    const std::unique_lock lock(m);
    ready = true;
  }
  cv.notify_all();
  readers.join();
}

CONFORMS(condition_variable_any_list, waits_with_a_mutex_itself) {
  typename World::recursive_mutex m;
  condition_variable_any_of<World> cv;
  bool ready = false;
  m.lock();
  typename World::thread other([&] {
    const std::scoped_lock lock(m);
    ready = true;
    cv.notify_all();
  });
  cv.wait(m, [&] { return ready; });
  m.unlock();
  other.join();
}

// --- [thread.condvarany.intwait]

template <class World>
using unique_lock_of = std::unique_lock<typename World::mutex>;

CONFORMS(condition_variable_any_list, a_stop_that_was_requested_does_not_wait) {
  typename World::mutex m;
  condition_variable_any_of<World> cv;
  std::stop_source source;
  source.request_stop();
  unique_lock_of<World> lock(m);
  const auto never = [] { return false; };
  EXPECT_FALSE(cv.wait(lock, source.get_token(), never));
  EXPECT_FALSE(cv.wait_for(lock, source.get_token(), std::chrono::hours(1), never));
  EXPECT_FALSE(cv.wait_until(lock, source.get_token(), steady_clock::now() + std::chrono::hours(1), never));
  EXPECT_TRUE(cv.wait(lock, source.get_token(), [] { return true; }));
  EXPECT_TRUE(lock.owns_lock());
}

CONFORMS(condition_variable_any_list, a_stop_ends_every_wait_with_its_token) {
  typename World::mutex m;
  condition_variable_any_of<World> cv;
  std::stop_source source;
  std::atomic<int> waiting{0};
  typename World::thread crew([&] {
    on_threads<World>(3, [&](int i) {
      unique_lock_of<World> lock(m);
      ++waiting;
      const auto never = [] { return false; };
      const std::stop_token stop = source.get_token();
      bool satisfied = true;
      if (i == 0) satisfied = cv.wait(lock, stop, never);
      if (i == 1) satisfied = cv.wait_for(lock, stop, std::chrono::hours(1), never);
      if (i == 2) satisfied = cv.wait_until(lock, stop, steady_clock::now() + std::chrono::hours(1), never);
      EXPECT_FALSE(satisfied);
      EXPECT_TRUE(lock.owns_lock());
    });
  });
  wait_until([&] { return waiting == 3; });
  EXPECT_TRUE(source.request_stop());
  crew.join();
}

CONFORMS(condition_variable_any_list, a_notification_ends_a_wait_with_a_token) {
  typename World::mutex m;
  condition_variable_any_of<World> cv;
  std::stop_source source;
  bool ready = false;
  typename World::thread other([&] {
    const std::scoped_lock lock(m);
    ready = true;
    cv.notify_one();
  });
  unique_lock_of<World> lock(m);
  EXPECT_TRUE(cv.wait(lock, source.get_token(), [&] { return ready; }));
  lock.unlock();
  other.join();
}

CONFORMS(condition_variable_any_list, with_a_token_it_times_out_as_without) {
  typename World::mutex m;
  condition_variable_any_of<World> cv;
  std::stop_source source;
  unique_lock_of<World> lock(m);
  const auto never = [] { return false; };
  EXPECT_FALSE(cv.wait_for(lock, source.get_token(), milliseconds(0), never));
  EXPECT_FALSE(cv.wait_until(lock, source.get_token(), steady_clock::time_point(), never));
  const auto until = steady_clock::now() + milliseconds(2);
  EXPECT_FALSE(cv.wait_until(lock, source.get_token(), until, never));
  EXPECT_GE(steady_clock::now(), until);
  EXPECT_FALSE(source.stop_requested());
}

CONFORMS(condition_variable_any_list, a_token_that_cannot_be_stopped_is_none) {
  typename World::mutex m;
  condition_variable_any_of<World> cv;
  unique_lock_of<World> lock(m);
  EXPECT_FALSE(cv.wait_for(lock, std::stop_token(), milliseconds(0), [] { return false; }));
  EXPECT_TRUE(cv.wait(lock, std::stop_token(), [] { return true; }));
}

// --- [thread.condition.nonmember]

template <class World>
using condition_variable_of = typename World::condition_variable;

CONFORMANCE_LIST(thread_exit_list, condition_variable_of);

CONFORMS(thread_exit_list, notifies_and_unlocks_when_the_thread_has_ended) {
  typename World::mutex m;
  condition_variable_of<World> cv;
  std::atomic<bool> is_set_up{false}, may_end{false};
  bool destroyed = false;
  struct last {
    bool& destroyed;
    ~last() { destroyed = true; }
  };
  typename World::thread t([&] {
    unique_lock_of<World> lock(m);
    notify_all_at_thread_exit(cv, std::move(lock));
    EXPECT_FALSE(lock.owns_lock());
    const last mark{destroyed};
    is_set_up = true;
    wait_until([&] { return may_end.load(); });
  });
  wait_until([&] { return is_set_up.load(); });
  EXPECT_FALSE(unique_lock_of<World>(m, std::try_to_lock).owns_lock());  // kept for the thread
  may_end = true;
  {
    unique_lock_of<World> lock(m);
    cv.wait(lock, [&] { return destroyed; });
  }
  t.join();  // std's end of the thread may still be notifying
}

}  // namespace
}  // namespace weft::testing
