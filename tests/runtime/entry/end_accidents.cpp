// Room: tests. Processes whose runtimes cannot end, or end in odd places.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include <unistd.h>

#include <support/accident.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

// --- What cannot be ended.

void leave_what_never_ends() {
  static std::atomic<int> begun{0};
  weft::go({.name = "blocks"}, [] {
    weft::blocking([] {
      ++begun;
      for (;;) ::pause();
    });
  });
  weft::go({.name = "shielded"}, [] {
    weft::shield([] {
      ++begun;
      weft::this_fiber::sleep_for(1000h);
    });
  });
  weft::go({.name = "computes"}, [] {
    for (++begun; begun != 0;) {  // a loop without any effect may be left out
    }
  });
  weft::testing::wait_until([] { return begun == 3; });
}

ACCIDENT(end_that_is_given_up) {
  weft::run(weft::options{.workers = 2, .end_limit = 50ms}, [] { leave_what_never_ends(); });
  return 0;
}

ACCIDENT(end_that_is_given_up_by_the_environment) {
  weft::run(weft::options{.workers = 2}, [] { leave_what_never_ends(); });
  return 0;
}

// --- exit() where the end of a static runtime stands on one of its own fibers.

struct says_when_it_ends {
  const char* what;
  ~says_when_it_ends() { std::fprintf(stderr, "%s has ended\n", what); }
};

weft::runtime& static_runtime() {
  static const says_when_it_ends after_it{"the program"};
  static weft::runtime rt{{.workers = 1}};
  return rt;
}

void begin_another() {
  static std::atomic<bool> has_begun{false};
  static_runtime().go([] {
    const says_when_it_ends other{"the other fiber"};
    has_begun = true;
    weft::this_fiber::sleep_for(1000h);
  });
  weft::testing::wait_until([] { return has_begun.load(); });
}

ACCIDENT(exit_in_a_blocking_call) {
  static_runtime().run([] {
    begin_another();
    weft::blocking([] { std::exit(7); });
  });
  return 0;
}

ACCIDENT(exit_on_a_fiber) {
  static_runtime().run([] {
    begin_another();
    std::exit(7);
  });
  return 0;
}

ACCIDENT(stop_in_a_blocking_call_of_its_own) {
  static_runtime().run([] {
    weft::blocking([] {
      try {
        static_runtime().stop();
      } catch (const std::logic_error& e) {
        std::fprintf(stderr, "%s\n", e.what());
      }
    });
  });
  return 0;
}

}  // namespace
