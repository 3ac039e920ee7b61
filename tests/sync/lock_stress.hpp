#pragma once
// Room: tests of sync. What every lock has to stand: fibers of two runtimes and plain threads on one of them at once.

#include <cstddef>
#include <thread>
#include <vector>

#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include <support/wait_until.hpp>
#include <weft/sync/wait_group.hpp>

namespace weft::testing {

// Calls work(i) for each i below 3 * `each`: on fibers of the calling one's runtime, on fibers of another runtime, and
// on plain threads, all at once. Returns when all have returned.
template <class Work>
void on_fibers_and_threads(std::size_t each, Work work) {
  std::vector<join_handle<void>> here;
  std::vector<std::thread> threads;
  runtime* elsewhere = nullptr;
  std::thread owner_of_elsewhere([&] { elsewhere = new runtime({.workers = 2}); });
  owner_of_elsewhere.join();
  wait_group there;
  there.add(static_cast<std::int32_t>(each));
  for (std::size_t i = 0; i < each; ++i) {
    here.push_back(spawn([&work, i] { work(3 * i); }));
    elsewhere->go([&work, &there, i] {
      work(3 * i + 1);
      there.done();
    });
    threads.emplace_back([&work, i] { work(3 * i + 2); });
  }
  for (auto& one : here) one.join();
  there.wait();
  for (auto& one : threads) one.join();
  std::thread([&] { delete elsewhere; }).join();
}

}  // namespace weft::testing
