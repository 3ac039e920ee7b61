// Room: tests. Accidents of a process to which the system gives no thread: glibc's default stack is made larger than
// any address space, so that pthread_create fails with EAGAIN, for whoever asks.

#include <array>
#include <cstdio>

#include <pthread.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

bool refuse_threads() {
  pthread_attr_t attributes;
  return ::pthread_attr_init(&attributes) == 0 && ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 48) == 0 &&
         ::pthread_setattr_default_np(&attributes) == 0;
}

// The first line of stderr, for which the fiber blocks its worker, is the monitor's: no spare for what waits behind it.
ACCIDENT(no_thread_for_a_spare) {
  int ends[2];
  const int told = ::dup(STDERR_FILENO);
  if (::pipe(ends) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) return 2;
  std::array<char, 512> line{};
  weft::run(weft::options{.workers = 1}, [&] {
    if (!refuse_threads()) return;
    weft::go([] {});
    if (::read(ends[0], line.data(), line.size() - 1) < 0) return;
  });
  ::dup2(told, STDERR_FILENO);
  std::fputs(line.data(), stderr);
  return 0;
}

}  // namespace
