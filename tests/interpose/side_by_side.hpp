#pragma once
// Room: tests. A body on many fibers of a runtime, which must not block each other, and the same at each number of
// workers; and how many threads the process has, which tells of those that did: the monitor fills in for a worker that
// is blocked.

#include <filesystem>
#include <cerrno>
#include <functional>
#include <iterator>

#include <weft/weft.hpp>

namespace weft::testing {

// errno, which fibers of one thread share: nothing for the race detector.
__attribute__((noinline, no_sanitize("thread"))) inline int last_error() noexcept { return errno; }
__attribute__((noinline, no_sanitize("thread"))) inline void set_error(int error) noexcept { errno = error; }

inline void side_by_side(std::size_t workers, int fibers, const std::function<void(int)>& body) {
  weft::run(weft::options{.workers = workers}, [&] {
    weft::task_group group;
    for (int i = 0; i < fibers; ++i) group.go([&body, i] { body(i); });
    group.wait();
  });
}

inline std::ptrdiff_t threads_of_the_process() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return std::distance(begin(all), end(all));
}

inline void at_each_width(const std::function<void(std::size_t)>& body) {
  for (const std::size_t workers : {1, 2, 4, 8}) body(workers);
}

inline void yield_until(const std::function<bool()>& is_so) {
  while (!is_so()) weft::this_fiber::yield();
}

}  // namespace weft::testing
