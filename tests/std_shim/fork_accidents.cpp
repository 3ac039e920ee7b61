// Room: tests. What a child of fork() may do with the mutexes and channels of a parent whose runtime has ended: all, as
// none of the threads that it has not is in one of them.

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

// Of the parent, used by fibers and plain threads of both.
struct shared_things {
  weft::mutex mutex;
  weft::condition_variable changed;
  int value = 0;  // guarded by mutex
  weft::channel<int> buffered{4};
  weft::channel<int> unbuffered;

  void raise_to(int least) {
    const std::scoped_lock lock(mutex);
    value = least;
    changed.notify_all();
  }
  void await(int least) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return value >= least; });
  }
};

// Fibers wait for each other, a plain thread for fibers, and fibers for it. What was in `buffered` comes first.
bool converse(shared_things& with, int begin, int in_buffer) {
  std::optional<int> from_fiber;
  std::thread plain([&] {
    with.await(begin + 1);
    from_fiber = with.unbuffered.recv();
    with.raise_to(begin + 2);
  });
  const bool all_came = weft::run({.workers = 2}, [&] {
    auto taker = weft::spawn([&] {
      int sum = 0;
      for (int i = 0; i < 8; ++i) sum += with.buffered.recv().value();
      return sum;
    });
    for (int i = in_buffer; i < 8; ++i) with.buffered.send(1);
    with.raise_to(begin + 1);
    with.unbuffered.send(begin);
    with.await(begin + 2);
    return taker.join() == 8;
  });
  plain.join();
  return all_came && from_fiber == begin;
}

ACCIDENT(fork_with_what_a_run_has_left) {
  static shared_things things;
  if (!converse(things, 0, 0)) return 1;
  things.buffered.send(1);  // by a plain thread; the child finds it
  things.buffered.send(1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    std::exit(converse(things, 10, 2) && converse(things, 20, 0) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool is_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return is_well && converse(things, 30, 2) ? 0 : 2;  // what the child took, it took from its own
}

}  // namespace
