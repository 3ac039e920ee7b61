// Room: tests. Children of fork(), and what they have of weft: "After fork", forks.hpp. Each child ends by itself, or
// by the alarm that it sets itself.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

// The exit status of a child that does this; 128 and the signal, if it was killed.
template <class F>
int status_of_child(F body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    std::exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

template <class F>
bool is_refused(const char* what, F call) {
  try {
    call();
  } catch (const std::logic_error& refused) {
    if (std::string(refused.what()).find("forked while a runtime lived") != std::string::npos) return true;
    std::fprintf(stderr, "%s: %s\n", what, refused.what());
    return false;
  }
  std::fprintf(stderr, "%s: not refused\n", what);
  return false;
}

int run_all() {
  return weft::run({.workers = 2}, [] {
    const int found = weft::blocking([] { return 41; }) + weft::spawn([] { return 1; }).join();
    weft::this_fiber::sleep_for(1ms);
    return found;
  });
}

int refused_beside_a_runtime() {
  const bool all = is_refused("run", [] { weft::run([] {}); }) && is_refused("go", [] { weft::go([] {}); }) &&
                   is_refused("spawn", [] { weft::spawn([] {}).join(); });
  weft::this_fiber::sleep_for(1ms);  // as a plain thread
  return all && weft::blocking([] { return true; }) ? 0 : 1;
}

ACCIDENT(fork_after_a_run) {
  if (run_all() != 42) return 1;
  return status_of_child([] { return run_all() == 42 && run_all() == 42 ? 0 : 1; });
}

ACCIDENT(fork_in_a_fiber) {
  return weft::run({.workers = 2}, [] {
    weft::blocking([] {});
    return status_of_child([] {
      const int status = refused_beside_a_runtime();
      ::_exit(status);  // its frame is of a runtime that is not here
      return status;
    });
  });
}

ACCIDENT(fork_in_a_blocking_call) {
  return weft::run({.workers = 2}, [] {
    return weft::blocking([] {
      return status_of_child([] {
        ::_exit(refused_beside_a_runtime());
        return 1;
      });
    });
  });
}

// The child runs the destructors of what is static, and so that of the runtime.
ACCIDENT(fork_beside_a_static_runtime) {
  static weft::runtime rt({.workers = 2});
  rt.run([] { weft::blocking([] {}); });
  return status_of_child([] {
    const bool is_told = is_refused("its own go", [] { rt.go([] {}); });
    rt.stop();
    return is_told ? refused_beside_a_runtime() : 1;
  });
}

}  // namespace
