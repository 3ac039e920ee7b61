// Producers and consumers over a bounded queue of the textbook's kind, which is closed in the end.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

template <class T>
class bounded_queue {
 public:
  explicit bounded_queue(std::size_t room) : room_(room) {}

  bool push(T item) {
    std::unique_lock<std::mutex> lock(mutex_);
    not_full_.wait(lock, [this] { return is_closed_ || items_.size() < room_; });
    if (is_closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }

  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    while (items_.empty() && !is_closed_) not_empty_.wait(lock);
    return take();
  }

  std::optional<T> pop_within(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + limit;
    while (items_.empty() && !is_closed_)
      if (not_empty_.wait_until(lock, until) == std::cv_status::timeout) break;
    return take();
  }

  void close() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item = std::move(items_.front());
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }

  const std::size_t room_;
  std::mutex mutex_;
  std::condition_variable not_full_, not_empty_;
  std::deque<T> items_;
  bool is_closed_ = false;
};

int main() {
  constexpr int k_producers = 3, k_consumers = 2, k_each = 1000;
  bounded_queue<int> queue(8);
  if (!queue.pop_within(std::chrono::milliseconds(1))) std::cout << "nothing came within a millisecond\n";

  std::vector<long> sums(k_consumers), counts(k_consumers);
  std::vector<std::thread> consumers;
  for (int c = 0; c < k_consumers; ++c)
    consumers.emplace_back([&, c] {
      while (const auto item = queue.pop()) {
        sums[c] += *item;
        ++counts[c];
      }
    });
  std::vector<std::thread> producers;
  for (int p = 0; p < k_producers; ++p)
    producers.emplace_back(
        [&queue](int first) {
          for (int n = 0; n < k_each; ++n) {
            queue.push(first + n);
            if (n % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
          }
        },
        p * k_each);
  for (auto& producer : producers) producer.join();
  queue.close();
  for (auto& consumer : consumers) consumer.join();

  std::cout << counts[0] + counts[1] << " items, sum " << sums[0] + sums[1] << '\n';
  std::cout << "a push after the end: " << std::boolalpha << queue.push(1) << '\n';
  return 0;
}
