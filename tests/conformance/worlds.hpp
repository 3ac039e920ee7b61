#pragma once
// Room: tests. The worlds in which a conformance list runs: the names of the standard's nine headers about threads, as
// std has them and as weft has them. A list is proved by running it on std's own.
//
//   std_world            std's types on std's threads
//   weft_world           weft's types on fibers, at 1, 2, 4 and 8 workers
//   weft_threads_world   what weft has to wait for, on plain threads
//
// A name that a world has not is `absent` in it, and the lists about it leave the world out. What weft only passes on
// (lock_guard, unique_lock, stop_token, ...) is std's own type, and called so in the lists; the words of
// run_sed_test.sh see to it that weft has the names. Functions that find themselves by their arguments (call_once,
// notify_all_at_thread_exit) are not named here.
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

struct absent {};

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

  // What the lists about std::async, and about the end of a thread, are about: the same types once more, so that a
  // world can have the types without these functions of theirs.
  using async_future = std::future<int>;
  using notified_at_exit = std::condition_variable;  // notify_all_at_thread_exit
  using promise_at_exit = std::promise<int>;         // set_value_at_thread_exit, set_exception_at_thread_exit
  using task_at_exit = std::packaged_task<int()>;    // make_ready_at_thread_exit

  // TSan's own pthread_once, on which libstdc++ builds, does not know of exceptions: who comes next waits for ever. Its
  // pthread_join forgets a thread also when it fails.
#if defined(__SANITIZE_THREAD__)
  static constexpr bool k_loses_exceptions_of_once = true, k_cannot_fail_to_join = true;
#else
  static constexpr bool k_loses_exceptions_of_once = false, k_cannot_fail_to_join = false;
#endif

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

  // The list of weft's names is short by every `absent` below; what is to stand there instead is std_world's with
  // another namespace.
  using thread = weft::thread;
  using jthread = absent;
  using mutex = weft::mutex;
  using timed_mutex = absent;
  using recursive_mutex = absent;
  using recursive_timed_mutex = absent;
  using shared_mutex = absent;
  using shared_timed_mutex = absent;
  using once_flag = absent;
  using condition_variable = weft::condition_variable;
  using condition_variable_any = absent;
  using latch = absent;
  using binary_semaphore = absent;
  // clang-format off
  template <std::ptrdiff_t...> using counting_semaphore = absent;
  template <class...> using barrier = absent;
  template <class> using promise = absent;
  template <class> using future = absent;
  template <class> using shared_future = absent;
  template <class> using packaged_task = absent;
  template <class... Args> static absent async(Args&&...);
  // clang-format on

  using async_future = absent;
  using notified_at_exit = absent;
  using promise_at_exit = absent;
  using task_at_exit = absent;

  static constexpr bool k_loses_exceptions_of_once = false, k_cannot_fail_to_join = false;

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

  // Starting fibers takes a runtime, and a plain thread ends where weft does not see it.
  using thread = std::thread;
  using jthread = absent;
  using async_future = absent;
  using notified_at_exit = absent;
  using promise_at_exit = absent;
  using task_at_exit = absent;

  template <class Body>
  static void run(Body body) {
    body();
  }
};

}  // namespace weft::testing
