// Room: tests. Fibers that leave their thread with and without a lock of pthreads.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include <support/accident.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

ACCIDENT(a_std_mutex_over_a_yield_and_a_sleep) {
  std::mutex over_yield;
  std::mutex over_sleep;
  weft::run([&] {
    weft::spawn({.name = "holder"}, [&] {
      const std::scoped_lock first(over_yield);
      for (int i = 0; i < 2; ++i) {
        weft::go([] {});  // ready: a yield among nobody does not leave
        weft::this_fiber::yield();
      }
      const std::scoped_lock second(over_sleep);
      weft::this_fiber::sleep_for(1ms);
    }).join();
  });
  return 0;
}

ACCIDENT(a_std_shared_mutex_over_a_channel_receive) {
  std::shared_mutex m;
  weft::run([&] {
    const weft::channel<int> ch;
    weft::go([ch] { ch.send(1); });
    const std::shared_lock lock(m);
    (void)ch.recv();
  });
  return 0;
}

ACCIDENT(locks_that_are_free_again_before_the_fiber_parks) {
  std::mutex m;
  std::recursive_timed_mutex timed;
  std::condition_variable cv;
  bool is_set = false;
  std::thread setter([&] {
    const std::scoped_lock lock(m);
    is_set = true;
    cv.notify_one();
  });
  weft::run([&] {
    {
      std::unique_lock lock(m);
      cv.wait(lock, [&] { return is_set; });
    }
    if (timed.try_lock_for(1s)) {
      timed.lock();
      timed.unlock();
      timed.unlock();
    }
    weft::this_fiber::yield();
    weft::mutex ours;
    const std::scoped_lock lock(ours);
    weft::this_fiber::sleep_for(1ms);
  });
  setter.join();
  return 0;
}

ACCIDENT(no_fiber_at_all) { return 0; }

}  // namespace
