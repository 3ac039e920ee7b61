#pragma once
// Room: tests. A thread that ends a case which hangs: after 20 s (four times that under a sanitizer) it prints the seed
// and every fiber, and aborts. One for the process, armed around each case by main.cpp.

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

 private:
  using clock = std::chrono::steady_clock;

  void watch();
  [[noreturn]] static void end_process(const std::string& what);

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool is_over_ = false;
  std::string what_;  // the case that runs; empty: none
  clock::time_point limit_;

  std::thread thread_;
};

}  // namespace weft::testing
