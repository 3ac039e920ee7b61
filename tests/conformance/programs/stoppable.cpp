// Threads that stop when they are asked to: a worker that waits on a condition_variable_any with its token, callbacks,
// and a ticker whose destructor ends it.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <thread>

class worker {
 public:
  void post(std::function<void()> job) {
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  // Waits until everything that was posted is done.
  void drain() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return jobs_.empty() && !is_busy_; });
  }

 private:
  void run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); })) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      is_busy_ = true;
      lock.unlock();
      job();
      lock.lock();
      is_busy_ = false;
      idle_.notify_all();
    }
    std::cout << "the worker stops\n";
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable idle_;
  std::deque<std::function<void()>> jobs_;
  bool is_busy_ = false;
  std::jthread thread_{[this](std::stop_token stop) { run(stop); }};  // last: it ends before the rest goes
};

void callbacks() {
  std::stop_source source;
  std::stop_callback said(source.get_token(), [] { std::cout << "asked to stop\n"; });
  std::jthread asks([source]() mutable {
    const bool is_first = source.request_stop();
    std::cout << "first to ask: " << is_first << '\n';
  });
  asks.join();
  std::cout << "again: " << source.request_stop() << '\n';
  std::stop_callback late(source.get_token(), [] { std::cout << "too late, and so at once\n"; });
  std::stop_source none(std::nostopstate);
  std::cout << "possible: " << none.stop_possible() << source.get_token().stop_possible() << '\n';
}

int count_ticks_until(int wanted) {
  std::mutex mutex;
  std::condition_variable_any changed;
  int ticks = 0;
  std::jthread ticker([&](std::stop_token stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      ++ticks;
      changed.notify_all();
      changed.wait_for(lock, stop, std::chrono::microseconds(200), [] { return false; });
    }
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return ticks >= wanted; });
  return ticks >= wanted ? wanted : ticks;
}

int main() {
  long sum = 0;
  {
    worker w;
    for (int i = 1; i <= 100; ++i) w.post([&sum, i] { sum += i; });
    w.drain();
    std::cout << "sum " << sum << '\n';
  }
  callbacks();
  std::cout << count_ticks_until(5) << " ticks\n";
  std::jthread sleeper([](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::microseconds(100));
  });
  std::jthread other = std::move(sleeper);
  std::cout << "joinable: " << sleeper.joinable() << other.joinable() << '\n';
  return 0;
}
