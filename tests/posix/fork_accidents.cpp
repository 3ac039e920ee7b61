// Room: tests of posix. A child of fork() beside a runtime: each call goes straight to libc there, and what it closes
// is closed for it alone.

#include <weft/posix.hpp>

#include <cstdlib>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <netdb.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

namespace posix = weft::posix;

bool is_any_parked_in(std::string_view label) {
  for (const auto& each : weft::snapshot().fibers)
    if (each.state == weft::fiber_state::parked && each.waits_for == label) return true;
  return false;
}

// 0, or which call did not do what libc's does.
int call_all(const int (&ends)[2]) {
  char byte = 0;
  constexpr timespec k_short{0, 1000};
  pollfd look{ends[0], POLLIN, 0};
  if (posix::poll(&look, 1, 1) != 0) return 1;
  if (posix::write(ends[1], "x", 1) != 1 || posix::read(ends[0], &byte, 1) != 1) return 2;
  if (posix::nanosleep(&k_short, nullptr) != 0 || posix::usleep(1) != 0) return 3;
  addrinfo* found = nullptr;
  if (posix::getaddrinfo("127.0.0.1", "80", nullptr, &found) != 0) return 4;
  ::freeaddrinfo(found);
  const pid_t own = ::fork();
  if (own == 0) ::_exit(7);
  int status = 0;
  if (posix::waitpid(own, &status, 0) != own || WEXITSTATUS(status) != 7) return 5;
  if (WEXITSTATUS(posix::system("exit 3")) != 3) return 6;
  return 0;
}

int status_of_child(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ACCIDENT(fork_with_numbers_that_are_waited_for) {
  ::alarm(20);
  int waited[2], own[2];
  if (::pipe2(waited, O_CLOEXEC) != 0 || ::pipe2(own, O_CLOEXEC) != 0) return 20;
  return weft::run({.workers = 2}, [&] {
    char got = 0;
    auto reader = weft::spawn([&] { return posix::read(waited[0], &got, 1); });
    weft::testing::wait_until([] { return is_any_parked_in("posix read"); });
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);
      const int wrong = call_all(own);
      ::_exit(wrong != 0 ? wrong : posix::close(waited[0]) == 0 ? 0 : 21);
    }
    if (const int status = status_of_child(child)) return status;
    if (::write(waited[1], "y", 1) != 1 || reader.join() != 1 || got != 'y') return 22;
    return 0;
  });
}

}  // namespace
