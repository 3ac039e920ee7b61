// Room: tests. Accidents that end in std::terminate or in a failed check. A check is always on, whatever NDEBUG says.
#define NDEBUG 1

#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

namespace {

void throw_it() { throw std::runtime_error("nobody looks"); }

void wait_for_the_end() { weft::this_fiber::sleep_for(std::chrono::hours(1)); }

ACCIDENT(exception_out_of_a_detached_fiber) {
  weft::run([] {
    weft::go({.name = "unlucky"}, [] { throw_it(); });
    wait_for_the_end();
  });
  return 0;
}

// A handle of one that throws, whatever its handle does.
weft::join_handle<void> thrower(const char* name) {
  std::atomic<bool> has_begun{false};
  auto handle = weft::spawn({.name = name}, [&has_begun] {
    has_begun = true;
    throw_it();
  });
  while (!has_begun) weft::this_fiber::yield();
  return handle;
}

// It ends nothing; one handle outlives the runtime of its fiber. More than are told one by one.
ACCIDENT(exceptions_that_are_dropped_with_their_handles) {
  weft::join_handle<void> outlives;
  weft::run([&outlives] {
    outlives = thrower("outlived");
    static_cast<void>(thrower("dropped"));
  });
  outlives = {};
  weft::run([] {
    for (int i = 0; i < 20; ++i) static_cast<void>(thrower("one of many"));
  });
  return 42;
}

ACCIDENT(exception_out_of_a_fiber_whose_handle_let_go) {
  weft::run([] {
    std::atomic<bool> let_go{false};
    weft::spawn({.name = "let go"}, [&let_go] {
      while (!let_go) weft::this_fiber::yield();
      throw_it();
    }).detach();
    let_go = true;
    wait_for_the_end();
  });
  return 0;
}

// The fiber has ended, by its exception, when its handle lets go: the one that lets go did not throw it.
ACCIDENT(exception_of_a_fiber_whose_handle_lets_go_too_late) {
  weft::run([] {
    std::atomic<bool> is_over{false};
    struct says_so {
      std::atomic<bool>& is_over;
      ~says_so() { is_over = true; }
    };
    auto handle = weft::spawn({.name = "long gone"}, [&is_over] {
      const says_so at_the_end{is_over};
      throw_it();
    });
    while (!is_over) weft::this_fiber::yield();
    weft::spawn({.name = "lets go"}, [&handle] {
      for (int i = 0; i < 1000; ++i) weft::this_fiber::yield();
      handle.detach();
    }).join();
  });
  return 0;
}

// The last reference to what has the group goes with the member's closure.
ACCIDENT(task_group_that_its_member_destroys) {
  weft::run([] {
    auto group = std::make_shared<weft::task_group>();
    std::atomic<bool> is_alone{false};
    group->go({.name = "session"}, [group, &is_alone] {
      while (!is_alone) weft::this_fiber::yield();
    });
    group.reset();
    is_alone = true;
    wait_for_the_end();
  });
  return 0;
}

ACCIDENT(an_int_out_of_a_detached_fiber) {
  weft::run([] {
    weft::go([] { throw 1; });
    wait_for_the_end();
  });
  return 0;
}

ACCIDENT(terminate_in_a_plain_thread) {
  weft::run([] {});
  std::terminate();
}

// --- A destructor that waits, at the end of its scope.

struct sleeps_at_the_end {
  ~sleeps_at_the_end() { weft::this_fiber::sleep_for(std::chrono::milliseconds(1)); }
};

ACCIDENT(cancellation_in_a_destructor) {
  weft::run([] {
    std::atomic<bool> has_begun{false}, is_asked{false};
    auto handle = weft::spawn({.name = "leaseholder"}, [&] {
      const sleeps_at_the_end lease;
      has_begun = true;
      weft::shield([&] {
        while (!is_asked) weft::this_fiber::yield();
      });
    });
    while (!has_begun) weft::this_fiber::yield();
    handle.request_stop();
    is_asked = true;
    handle.join();
  });
  return 0;
}

ACCIDENT(shield_guard_that_another_fiber_destroys) {
  weft::run([] {
    std::optional<weft::shield_guard> guard(std::in_place);
    weft::spawn([&guard] { guard.reset(); }).join();
  });
  return 0;
}

ACCIDENT(shield_guard_beyond_its_time_limit) {
  weft::run([] {
    std::optional<weft::shield_guard> guard;
    weft::with_timeout(std::chrono::hours(1), [&] { guard.emplace(); });
  });
  return 0;
}

// A handler that the program had before its first runtime, and what it finds.
bool g_is_unwound = false;
void handle_termination() {
  std::fprintf(stderr, "handled by the program, %s\n", g_is_unwound ? "after unwinding" : "all frames intact");
  ::_exit(7);
}

ACCIDENT(exception_in_a_program_with_a_terminate_handler) {
  std::set_terminate(&handle_termination);
  weft::run([] {
    weft::go({.name = "unlucky"}, [] {
      struct on_unwinding {
        ~on_unwinding() { g_is_unwound = true; }
      } const guard;
      throw_it();
    });
    wait_for_the_end();
  });
  return 0;
}

ACCIDENT(failed_check_in_a_fiber) {
  weft::run([] { WEFT_CHECK(1 + 1 == 3, "arithmetic: must hold", 1, "one"); });
  return 0;
}

ACCIDENT(pin_guard_that_another_fiber_destroys) {
  weft::run([] {
    std::optional<weft::pin_guard> pin(std::in_place);
    weft::spawn([&pin] { pin.reset(); }).join();
  });
  return 0;
}

ACCIDENT(failed_check_in_a_plain_thread) {
  const int two = 1 + 1;
  WEFT_CHECK(two == 3, "arithmetic: must hold");
  return 0;
}

}  // namespace
