// Room: tests. What SIGQUIT does to a process with a runtime: the processes of quit_test.cpp.

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/options.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "quit_dump.hpp"

namespace {

void quit_self() { ::kill(::getpid(), SIGQUIT); }

void wait_for_dump_number(std::uint32_t count) {
  while (weft::detail::quit_dumps_written() < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Twice; the second time all workers and the monitor may be asleep, because only this plain thread is awake.
ACCIDENT(quit_writes_the_dump) {
  std::thread outside;
  weft::run(weft::options{.workers = 2}, [&outside] {
    std::atomic<bool> over{false};
    outside = std::thread([&over] {
      for (std::uint32_t i = 1; i <= 2; ++i) {
        quit_self();
        wait_for_dump_number(i);
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
      }
      over = true;
    });
    while (!over) weft::this_fiber::sleep_for(std::chrono::milliseconds(40));
  });
  outside.join();
  return 42;
}

ACCIDENT(quit_after_run_ends_the_process) {
  weft::run([] {});
  quit_self();
  return 0;
}

ACCIDENT(quit_ends_the_process_if_the_options_say_so) {
  weft::run(weft::options{.quit = weft::on_quit::nothing}, [] { quit_self(); });
  return 0;
}

ACCIDENT(quit_beside_a_runtime_of_a_host_ends_the_process) {
  weft::runtime rt;
  quit_self();
  return 0;
}

constinit std::atomic<int> g_seen{0};
void count_it(int) { ++g_seen; }

ACCIDENT(quit_goes_to_the_handler_of_the_program) {
  std::signal(SIGQUIT, &count_it);
  weft::run([] {
    quit_self();
    while (g_seen == 0) weft::this_fiber::yield();
  });
  quit_self();
  while (g_seen != 2) std::this_thread::yield();
  return 42;
}

ACCIDENT(quit_is_ignored_where_it_was) {
  std::signal(SIGQUIT, SIG_IGN);
  weft::run([] { quit_self(); });
  quit_self();
  return 42;
}

}  // namespace
