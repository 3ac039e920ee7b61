// Shared mutexes under thousands of orders, beside copies that are broken in the way that each workload is there to
// find.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/shared_mutex.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::await_stillness;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::fibers;
using weft::testing::join_all;
using weft::testing::must;
using weft::testing::noted;

// Lets readers in while a writer waits, and leaves its door shut behind a writer whose time has run out.
class careless_shared_mutex {
 public:
  void lock() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [this] { return readers_ == 0 && !writing_; });
    writing_ = true;
  }
  bool try_lock_for(std::chrono::microseconds d) {
    std::unique_lock lock(guard_);
    return writing_ = true, changed_.wait_for(lock, d, [this] { return readers_ == 0; });
  }
  void unlock() { change(writing_, false); }
  void lock_shared() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [this] { return !writing_; });
    ++readers_;
  }
  void unlock_shared() { change(readers_, readers_ - 1); }

 private:
  template <class T>
  void change(T& what, T to) {
    const std::scoped_lock held(guard_);
    what = to;
    changed_.notify_all();
  }

  weft::mutex guard_;
  weft::condition_variable changed_;
  int readers_ = 0;
  bool writing_ = false;
};

// A writer looks for readers before it shuts them out.
class shared_mutex_in_two_steps {
 public:
  void lock() {
    while (!try_lock()) weft::this_fiber::yield();
  }
  bool try_lock() {
    if (!writers_.try_lock()) return false;
    if (readers() == 0) return true;
    writers_.unlock();
    return false;
  }
  void unlock() { writers_.unlock(); }
  void lock_shared() {
    while (!try_lock_shared()) weft::this_fiber::yield();
  }
  bool try_lock_shared() {
    if (!writers_.try_lock()) return false;
    writers_.unlock();
    add(1);
    return true;
  }
  void unlock_shared() { add(-1); }

 private:
  int readers() {
    const std::scoped_lock held(guard_);
    return readers_;
  }
  void add(int n) {
    const std::scoped_lock held(guard_);
    readers_ += n;
  }

  weft::mutex writers_;
  weft::mutex guard_;
  int readers_ = 0;
};

// --- Exclusion, the values written seen by who reads.

template <class SharedMutex>
void readers_and_writers() {
  SharedMutex m;
  int value = 0, copy = 0;  // guarded by m
  std::atomic<int> readers{0};
  std::atomic<int> writers{0};
  const auto read = [&] {
    ++readers;
    must(writers == 0, "reads beside a writer");
    must(value == copy, "reads half of what was written");
    weft::this_fiber::yield();
    --readers;
    m.unlock_shared();
  };
  const auto write = [&] {
    must(++writers == 1 && readers == 0, "writes beside others");
    ++value;
    weft::this_fiber::yield();
    ++copy;
    --writers;
    m.unlock();
  };
  fibers all;
  for (int i = 0; i < 2; ++i) {
    all.push_back(weft::spawn([&, i] {
      m.lock();
      write();
      if (i == 0 && m.try_lock()) write();
    }));
    all.push_back(weft::spawn([&, i] {
      m.lock_shared();
      read();
      if (i == 0 && m.try_lock_shared()) read();
    }));
  }
  join_all(all);
  m.lock();
  must(value == copy && value >= 2, "a writer did not come in");
  m.unlock();
}

TEST(simulated_shared_mutex, keeps_readers_and_writers_apart) { expect_holds(readers_and_writers<weft::shared_mutex>); }
TEST(simulated_shared_mutex, keeps_them_apart_and_the_test_would_see_it) {
  expect_found(50, readers_and_writers<shared_mutex_in_two_steps>);
}

// --- Fairness: a writer goes before those who come after it to read, and those before the next writer.

template <class SharedMutex>
void turn_about() {
  SharedMutex m;
  noted<std::string> order;
  const auto note = [&order](char who) { order.with([who](std::string& so_far) { so_far += who; }); };
  fibers all;
  const auto write = [&](char who) {
    all.push_back(weft::spawn([&m, &note, who] {
      m.lock();
      note(who);
      m.unlock();
    }));
    await_stillness();
  };
  const auto read = [&](char who) {
    all.push_back(weft::spawn([&m, &note, who] {
      m.lock_shared();
      note(who);
      m.unlock_shared();
    }));
    await_stillness();
  };
  m.lock_shared();
  write('1');
  read('a');
  write('2');
  note('-');
  m.unlock_shared();
  join_all(all);
  must(order.get() == "-1a2", "their order was " + order.get());
}

TEST(simulated_shared_mutex, lets_both_kinds_in_by_turns) { expect_holds(turn_about<weft::shared_mutex>); }
TEST(simulated_shared_mutex, lets_both_kinds_in_by_turns_and_the_test_would_see_it) {
  expect_found(20, turn_about<careless_shared_mutex>);
}

// --- A writer whose time runs out just as the reader that it waits for leaves.

template <class SharedMutex>
void a_writer_gives_up() {
  SharedMutex m;
  std::atomic<bool> is_writing{false};
  m.lock_shared();
  auto writer = weft::spawn([&] {
    if (!m.try_lock_for(10us)) return;
    is_writing = true;
    weft::this_fiber::yield();
    is_writing = false;
    m.unlock();
  });
  await_stillness();
  auto reader = weft::spawn([&] {
    m.lock_shared();
    must(!is_writing, "reads beside a writer");
    m.unlock_shared();
  });
  weft::this_fiber::sleep_for(9us);
  m.unlock_shared();
  writer.join();
  reader.join();
}

TEST(simulated_shared_mutex, opens_its_door_when_a_writer_gives_up) {
  expect_holds(a_writer_gives_up<weft::shared_timed_mutex>);
}
TEST(simulated_shared_mutex, opens_its_door_and_the_test_would_see_it) {
  expect_found(20, a_writer_gives_up<careless_shared_mutex>);
}

// Readers whose time runs out as the writer leaves.
void readers_give_up() {
  weft::shared_timed_mutex m;
  std::atomic<int> inside{0};
  m.lock();
  fibers all;
  for (int i = 0; i < 2; ++i)
    all.push_back(weft::spawn([&] {
      if (!m.try_lock_shared_for(10us)) return;
      ++inside;
      weft::this_fiber::yield();
      --inside;
      m.unlock_shared();
    }));
  auto writer = weft::spawn([&] {
    m.lock();
    must(inside == 0, "writes beside a reader");
    m.unlock();
  });
  weft::this_fiber::sleep_for(10us);
  m.unlock();
  join_all(all);
  writer.join();
  must(m.try_lock(), "somebody who gave up has it");
  m.unlock();
}

TEST(simulated_shared_mutex, is_not_kept_by_readers_who_give_up) { expect_holds(readers_give_up); }

// --- Cancellation ends no wait for it, and takes none along.

void cancelled_holders_unlock() {
  weft::shared_mutex m;
  fibers all;
  for (int i = 0; i < 4; ++i)
    all.push_back(weft::spawn([&m, i] {
      for (int round = 0; round < 2; ++round) {
        std::unique_lock writing(m, std::defer_lock);
        std::shared_lock reading(m, std::defer_lock);
        if ((i + round) % 2 == 0)
          writing.lock();
        else
          reading.lock();
        weft::this_fiber::yield();  // where it is cancelled
      }
    }));
  all[0].request_stop();
  all[1].request_stop();
  all[2].join();
  all[3].join();
  all.clear();
  must(m.try_lock(), "a cancelled fiber kept it");
  m.unlock();
}

TEST(simulated_shared_mutex, is_let_go_by_who_is_cancelled) { expect_holds(cancelled_holders_unlock); }

// --- A deadlock unwinds, in either kind of wait.

template <class First, class Second>
void opposite_ways() {
  weft::shared_mutex a, b;
  auto other = weft::spawn([&] {
    const First outer(b);
    const Second inner(a);
  });
  const First outer(a);
  const Second inner(b);
  other.join();
}

TEST(simulated_shared_mutex, unwinds_from_a_deadlock) {
  using reading = std::shared_lock<weft::shared_mutex>;
  using writing = std::unique_lock<weft::shared_mutex>;
  expect_found(20, opposite_ways<writing, reading>);
  expect_found(20, opposite_ways<reading, writing>);
  expect_found(20, opposite_ways<writing, writing>);
}

}  // namespace
