#pragma once
// Room: tests. A thread that ends a case which hangs: after 20 s (four times that under a sanitizer; WEFT_TEST_LIMIT
// says otherwise) it prints the seed and every fiber, and aborts. One for the process, armed around each case by
// main.cpp.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace weft::testing {

class watchdog {
 public:
  watchdog();
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  void arm(std::string what);
  void disarm();

  // By a case that must do much: it begins now, and has four times as long.
  static void allow_much();

  // By a case that has come a step further, of many: its time counts from here.
  static void begin_again();

 private:
  using clock = std::chrono::steady_clock;

  void watch();
  [[noreturn]] static void end_process(const std::string& what, std::chrono::seconds allowed);

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool is_over_ = false;
  std::string what_;  // the case that runs; empty: none
  std::chrono::seconds allowed_{0};
  clock::time_point limit_;
  static watchdog* one_;  // set by its constructor

  std::thread thread_;
};

}  // namespace weft::testing
