// Room: tests. Exceptions that leave the function of a thread: the end of the process, at the throw.

#include <cstdio>
#include <exception>
#include <stdexcept>

#include <unistd.h>

#include <support/accident.hpp>
#include <weft/weft.hpp>

namespace {

bool g_is_unwound = false;

void handle_termination() {
  std::fprintf(stderr, "handled by the program, %s\n", g_is_unwound ? "after unwinding" : "all frames intact");
  ::_exit(7);
}

struct on_unwinding {
  ~on_unwinding() { g_is_unwound = true; }
};

void throw_beside_a_guard() {
  const on_unwinding guard;
  throw std::runtime_error("nobody looks");
}

ACCIDENT(exception_out_of_a_thread) {
  std::set_terminate(&handle_termination);
  weft::run([] { weft::thread(throw_beside_a_guard).join(); });
  return 0;
}

ACCIDENT(exception_out_of_a_jthread) {
  std::set_terminate(&handle_termination);
  weft::run([] {
    const weft::jthread t([](std::stop_token) { throw_beside_a_guard(); });
    weft::this_fiber::sleep_for(std::chrono::hours(1));
  });
  return 0;
}

ACCIDENT(thread_destroyed_joinable) {
  std::set_terminate(&handle_termination);
  weft::run([] { const weft::thread t([] { weft::channel<int>().recv(); }); });
  return 0;
}

}  // namespace
