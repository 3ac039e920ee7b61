// Sums and primes by futures of every kind: async and deferred, packaged tasks in worker threads, promises, failures.

#include <future>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

long sum(const std::vector<int>& numbers, std::size_t first, std::size_t last) {
  if (last - first <= 1000)
    return std::accumulate(numbers.begin() + static_cast<std::ptrdiff_t>(first),
                           numbers.begin() + static_cast<std::ptrdiff_t>(last), 0L);
  const std::size_t middle = first + (last - first) / 2;
  std::future<long> left = std::async(std::launch::async, sum, std::cref(numbers), first, middle);
  const long right = sum(numbers, middle, last);
  return left.get() + right;
}

bool is_prime(int n) {
  for (int d = 2; d * d <= n; ++d)
    if (n % d == 0) return false;
  return n > 1;
}

int primes_below(int limit) {
  std::vector<std::future<int>> parts;
  std::vector<std::thread> workers;
  for (int first = 0; first < limit; first += 1000) {
    std::packaged_task<int(int, int)> count([](int from, int to) {
      int found = 0;
      for (int n = from; n < to; ++n) found += is_prime(n) ? 1 : 0;
      return found;
    });
    parts.push_back(count.get_future());
    workers.emplace_back(std::move(count), first, first + 1000);
  }
  std::packaged_task one([](int n) { return is_prime(n) ? 1 : 0; });
  parts.push_back(one.get_future());
  one(limit);
  int all = 0;
  for (auto& part : parts) all += part.get();
  for (auto& worker : workers) worker.join();
  return all;
}

void failures() {
  auto failing = std::async([]() -> int { throw std::runtime_error("no result"); });
  try {
    failing.get();
  } catch (const std::runtime_error& failure) {
    std::cout << "failed: " << failure.what() << '\n';
  }
  std::future<void> unkept;
  { unkept = std::promise<void>().get_future(); }
  try {
    unkept.get();
  } catch (const std::future_error& failure) {
    std::cout << "broken: " << (failure.code() == std::future_errc::broken_promise) << '\n';
  }
  std::promise<int> once;
  once.set_value(1);
  try {
    once.set_value(2);
  } catch (const std::future_error& failure) {
    std::cout << "twice: " << (failure.code() == std::future_errc::promise_already_satisfied) << ' '
              << (failure.code().category() == std::future_category()) << '\n';
  }
}

void one_start_for_all() {
  std::promise<std::string> start;
  const std::shared_future<std::string> signal = start.get_future().share();
  std::vector<std::future<std::size_t>> runners;
  for (int i = 0; i < 4; ++i)
    runners.push_back(std::async(std::launch::async, [signal, i] { return signal.get().size() + std::size_t(i); }));
  std::cout << "waiting: " << (signal.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) << '\n';
  start.set_value("go");
  std::size_t all = 0;
  for (auto& runner : runners) all += runner.get();
  std::cout << "they ran " << all << '\n';
}

int main() {
  std::vector<int> numbers(20000);
  std::iota(numbers.begin(), numbers.end(), 1);
  std::cout << "sum " << sum(numbers, 0, numbers.size()) << '\n';
  std::cout << "primes " << primes_below(20000) << '\n';
  auto lazy = std::async(std::launch::deferred, [] { return std::this_thread::get_id(); });
  std::cout << "deferred: " << (lazy.wait_for(std::chrono::seconds(0)) == std::future_status::deferred) << ' '
            << (lazy.get() == std::this_thread::get_id()) << '\n';
  failures();
  one_start_for_all();
  return 0;
}
