// Room: tests of clients. See figures.hpp.

#include "figures.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "client_support.hpp"

namespace clients {

namespace {

using std::chrono::steady_clock;
using sessions = std::vector<std::unique_ptr<session>>;

struct counting {
  steady_clock::time_point end;
  std::atomic<long> requests = 0;

  void work(session& with) {
    long mine = 0;
    for (; steady_clock::now() < end; ++mine) with.request();
    requests += mine;
  }
};

void with_threads(sessions& all, counting& count) {
  std::vector<std::thread> threads;
  for (auto& each : all) threads.emplace_back([&] { count.work(*each); });
  for (auto& each : threads) each.join();
}

void with_fibers(sessions& all, counting& count) {
  at_once(static_cast<int>(all.size()), [&](int i) { count.work(*all[static_cast<std::size_t>(i)]); });
}

long measured(const scenario& of, const terms& told, void (*work)(sessions&, counting&)) {
  sessions all;
  for (int i = 0; i < told.number("count"); ++i) all.push_back(of.connect(told, i));
  const int seconds = told.number("seconds");
  counting count{.end = steady_clock::now() + std::chrono::seconds(seconds)};
  work(all, count);
  return count.requests / seconds;
}

}  // namespace

long requests_a_second(const scenario& of, const terms& told) {
  if (told["how"] == "threads") return measured(of, told, with_threads);
  if (told["how"] != "fibers") throw std::invalid_argument("how=" + told["how"] + ": expected fibers or threads");
  const auto workers = static_cast<std::size_t>(told.number("workers"));
  return weft::run(weft::options{.workers = workers}, [&] { return measured(of, told, with_fibers); });
}

}  // namespace clients
