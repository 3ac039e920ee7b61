// A table that many read and few write, loaded by whoever comes first; and one with limits to the waiting.

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

class phone_book {
 public:
  int number_of(const std::string& name) const {
    std::call_once(loaded_, [this] { load(); });
    const std::shared_lock<std::shared_mutex> reading(mutex_);
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? 0 : found->second;
  }

  void set(const std::string& name, int number) {
    std::call_once(loaded_, [this] { load(); });
    const std::unique_lock writing(mutex_);
    numbers_[name] = number;
    numbers_["copy of " + name] = number;
  }

  bool is_consistent(const std::string& name) const {
    const std::shared_lock reading(mutex_);
    const auto a = numbers_.find(name), b = numbers_.find("copy of " + name);
    return a == numbers_.end() || (b != numbers_.end() && a->second == b->second);
  }

  int loads() const { return loads_; }

 private:
  void load() const {
    std::this_thread::yield();
    ++loads_;
    numbers_["doctor"] = 112;
  }

  mutable std::once_flag loaded_;
  mutable std::shared_mutex mutex_;
  mutable std::map<std::string, int> numbers_;
  mutable int loads_ = 0;
};

void race(phone_book& book) {
  std::atomic<int> torn{0};
  std::vector<std::thread> crew;
  for (int r = 0; r < 4; ++r)
    crew.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        if (book.number_of("doctor") != 112 || !book.is_consistent("ada")) ++torn;
        if (i % 50 == 0) std::this_thread::yield();
      }
    });
  for (int w = 0; w < 2; ++w)
    crew.emplace_back([&book, w] {
      for (int i = 0; i < 200; ++i) book.set(w == 0 ? "ada" : "bob", i);
    });
  for (auto& each : crew) each.join();
  std::cout << "loaded " << book.loads() << " time, torn reads: " << torn << '\n';
  std::cout << "ada " << book.number_of("ada") << ", bob " << book.number_of("bob") << ", eve " << book.number_of("eve")
            << '\n';
}

void limits() {
  using std::chrono::milliseconds;
  std::shared_timed_mutex shelf;
  std::timed_mutex till;
  std::recursive_timed_mutex ledger;
  std::unique_lock writing(shelf);
  const std::lock_guard paying(till);
  std::scoped_lock outer(ledger);
  std::cout << std::boolalpha << "the owner has the ledger again: " << ledger.try_lock_for(milliseconds(0)) << '\n';
  std::thread other([&] {
    const std::shared_lock<std::shared_timed_mutex> reading(shelf, milliseconds(1));
    std::cout << "another reads: " << reading.owns_lock() << '\n';
    const std::unique_lock<std::timed_mutex> queueing(till, std::chrono::steady_clock::now() + milliseconds(1));
    std::cout << "another pays: " << queueing.owns_lock() << '\n';
    std::cout << "another writes: " << ledger.try_lock() << '\n';
  });
  other.join();
  ledger.unlock();
  writing.unlock();
  std::thread reader([&] {
    const std::shared_lock reading(shelf, std::chrono::hours(1));
    std::cout << "now another reads: " << reading.owns_lock() << '\n';
  });
  reader.join();
}

int main() {
  phone_book book;
  race(book);
  limits();
  return 0;
}
