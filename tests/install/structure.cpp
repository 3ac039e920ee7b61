// Room: tests. Results, groups and time limits, as the documentation shows them.
#include <weft/weft.hpp>
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;

static std::string fetch(const std::string& url) {
  weft::this_fiber::sleep_for(1ms);
  return "page " + url;
}

static std::atomic<int> crawled{0};
static void crawl(const std::string& url) {
  if (fetch(url) == "page " + url) ++crawled;
}

static void tick() { std::cout << "tick\n"; }

static void results() {
  auto handle = weft::spawn(fetch, "a");
  std::string value = handle.join();
  std::cout << value << '\n';

  auto failing = weft::spawn([]() -> int { throw std::runtime_error("no such page"); });
  try {
    failing.join();
  } catch (const std::runtime_error& e) {
    std::cout << e.what() << '\n';
  }
}

static void groups() {
  std::vector<std::string> urls;
  for (int i = 0; i < 1000; ++i) urls.push_back(std::to_string(i));
  weft::task_group group;
  group.set_limit(64);
  for (auto& url : urls) group.go([&] { crawl(url); });
  group.wait();
  std::cout << crawled << " crawled\n";

  std::atomic<bool> was_cancelled{false};
  weft::event begun;
  weft::task_group failing;
  failing.go([&] {
    begun.set();
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (const weft::cancelled&) {
      was_cancelled = true;
      throw;
    }
  });
  failing.go([&] {
    begun.wait();
    throw std::runtime_error("the first error");
  });
  try {
    failing.wait();
  } catch (const std::runtime_error& e) {
    std::cout << e.what() << ", the rest cancelled: " << was_cancelled << '\n';
  }
}

static void limits() {
  const std::string url = "b";
  auto page = weft::with_timeout(2min, [&] { return fetch(url); });
  std::cout << page << '\n';
  try {
    weft::with_timeout(1ms, [] { weft::this_fiber::sleep_for(1h); });
  } catch (const weft::timed_out& e) {
    std::cout << "timed out: " << (e.code() == std::errc::timed_out) << '\n';
  }
  std::optional<int> none = weft::try_with_timeout(1ms, [] {
    weft::this_fiber::sleep_for(1h);
    return 1;
  });
  std::cout << none.has_value() << '\n';
  weft::this_fiber::sleep_for(10ms);
  weft::this_fiber::yield();
}

static void ends() {
  bool token_was_set = false;
  weft::event begun;
  auto stopped = weft::spawn([&] {
    const std::stop_token token = weft::this_fiber::stop_token();
    begun.set();
    try {
      weft::this_fiber::sleep_for(1h);
    } catch (const weft::cancelled&) {
      token_was_set = token.stop_requested();
      throw;
    }
  });
  begun.wait();
  stopped.request_stop();
  try {
    stopped.join();
  } catch (const std::system_error& e) {
    const bool is_cancelled = e.code() == std::errc::operation_canceled;
    std::cout << "cancelled: " << is_cancelled << ", it was told: " << token_was_set << '\n';
  }

  const auto begin = weft::clock::now();
  {
    auto abandoned = weft::spawn([] { weft::this_fiber::sleep_for(1h); });
  }
  std::cout << "a handle that goes cancels: " << (weft::clock::now() - begin < 1h) << '\n';
  weft::shield([] { weft::this_fiber::sleep_for(1ms); });
}

int main() {
  std::cout << std::boolalpha;
  weft::run([] {
    results();
    groups();
    limits();
    ends();
    weft::channel<bool> ticked;
    weft::go({.name = "ticker", .stack_size = 1 << 20}, [ticked] {
      tick();
      ticked.close();
    });
    ticked.recv();
  });
}
