#pragma once
// Room: tests. The worlds in which a conformance list runs: the names of the standard's nine headers about threads, as
// std has them and as weft has them. A list is proved by running it on std's own.
//
//   std_world            std's types on std's threads; in debug builds alone: neither optimisers nor sanitizers are
//                        asked about them (TSan knows neither call_once's exceptions nor a pthread lock with a limit)
//   weft_world           weft's types on fibers, at 1, 2, 4 and 8 workers
//   weft_threads_world   what weft has to wait for, on plain threads
//
// The lists about a type leave out the worlds that have std's own under its name. What weft only passes on (lock_guard,
// unique_lock, stop_token, ...) is called std's in the lists; the words of run_sed_test.sh see to it that weft has the
// names. Functions that find themselves by their arguments (call_once, notify_all_at_thread_exit) are not named here.
// Next: conformance_list.hpp.

#include <barrier>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <support/seed.hpp>
#include <weft/weft.hpp>

namespace weft::testing {

struct std_world {
  static constexpr const char* k_name = "std";

  using thread = std::thread;
  using jthread = std::jthread;
  using mutex = std::mutex;
  using timed_mutex = std::timed_mutex;
  using recursive_mutex = std::recursive_mutex;
  using recursive_timed_mutex = std::recursive_timed_mutex;
  using shared_mutex = std::shared_mutex;
  using shared_timed_mutex = std::shared_timed_mutex;
  using once_flag = std::once_flag;
  using condition_variable = std::condition_variable;
  using condition_variable_any = std::condition_variable_any;
  using latch = std::latch;
  using binary_semaphore = std::binary_semaphore;
  // clang-format off
  template <std::ptrdiff_t... Max> using counting_semaphore = std::counting_semaphore<Max...>;
  template <class... Completion> using barrier = std::barrier<Completion...>;
  template <class R> using promise = std::promise<R>;
  template <class R> using future = std::future<R>;
  template <class R> using shared_future = std::shared_future<R>;
  template <class Signature> using packaged_task = std::packaged_task<Signature>;
  template <class... Args> static auto async(Args&&... args) { return std::async(std::forward<Args>(args)...); }
  // clang-format on

  // What the list about async is about.
  using async_future = std::future<int>;

  static auto get_id() noexcept { return std::this_thread::get_id(); }
  static void yield() noexcept { std::this_thread::yield(); }
  // clang-format off
  template <class Duration> static void sleep_for(const Duration& d) { std::this_thread::sleep_for(d); }
  template <class TimePoint> static void sleep_until(const TimePoint& t) { std::this_thread::sleep_until(t); }
  // clang-format on

  template <class Body>
  static void run(Body body) {
    body();
  }
};

struct weft_world {
  static constexpr const char* k_name = "weft";

  using thread = weft::thread;
  using jthread = weft::jthread;
  using mutex = weft::mutex;
  using timed_mutex = weft::timed_mutex;
  using recursive_mutex = weft::recursive_mutex;
  using recursive_timed_mutex = weft::recursive_timed_mutex;
  using shared_mutex = weft::shared_mutex;
  using shared_timed_mutex = weft::shared_timed_mutex;
  using once_flag = weft::once_flag;
  using condition_variable = weft::condition_variable;
  using condition_variable_any = weft::condition_variable_any;
  using latch = weft::latch;
  using binary_semaphore = weft::binary_semaphore;
  // clang-format off
  template <std::ptrdiff_t... Max> using counting_semaphore = weft::counting_semaphore<Max...>;
  template <class... Completion> using barrier = weft::barrier<Completion...>;
  template <class R> using promise = weft::promise<R>;
  template <class R> using future = weft::future<R>;
  template <class R> using shared_future = weft::shared_future<R>;
  template <class Signature> using packaged_task = weft::packaged_task<Signature>;
  template <class... Args> static auto async(Args&&... args) { return weft::async(std::forward<Args>(args)...); }
  // clang-format on

  using async_future = weft::future<int>;

  static auto get_id() noexcept { return weft::this_thread::get_id(); }
  static void yield() { weft::this_thread::yield(); }
  // clang-format off
  template <class Duration> static void sleep_for(const Duration& d) { weft::this_thread::sleep_for(d); }
  template <class TimePoint> static void sleep_until(const TimePoint& t) { weft::this_thread::sleep_until(t); }
  // clang-format on

  template <class Body>
  static void run(Body body) {
    for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
      weft::run(weft::options{.workers = workers, .seed = seed_of_this_test()}, body);
      if (!::testing::Test::HasFailure()) continue;
      ADD_FAILURE() << "at " << workers << " workers";
      return;
    }
  }
};

struct weft_threads_world : weft_world {
  static constexpr const char* k_name = "weft_on_threads";

  // Starting fibers takes a runtime.
  using thread = std::thread;
  using jthread = std::jthread;
  using async_future = std::future<int>;

  template <class Body>
  static void run(Body body) {
    body();
  }
};

}  // namespace weft::testing
