#pragma once
// Room: tests. Accidents that end a process, or must not: each runs in a process of its own, because a death test's
// child has what main.cpp started before, a runtime that has been and a watchdog's thread. They are in a program
// `accidents` beside the room's tests (accidents_main.cpp).

#include <cstdint>
#include <string>

namespace weft::testing {

struct accident_end {
  int exit_status = -1;  // -1: killed
  int signal = 0;        // 0: it exited
  std::string text;      // what it wrote on stderr
  std::string output;    // ... and on stdout
};

// Runs the accident of that name to its end, with one more variable ("NAME=value") in its environment.
[[nodiscard]] accident_end run_accident(const std::string& name, const std::string& variable = {});

// True under TSan. It keeps a signal back while a thread is in a system call that it does not know, such as a futex's.
[[nodiscard]] bool keeps_signals_back() noexcept;

// Registered by a static object each; main() runs the one that it is told.
struct accident {
  accident(const char* name, int (*body)());
};

// For accidents: no wait of the calling fiber is under way, and whoever has won one has been met. Asked where it runs
// on after something was refused to it.
[[nodiscard]] bool has_met_all_waits() noexcept;

// For accidents: how often the process has looked whether all its fibers are asleep for ever, and found that not.
[[nodiscard]] std::uint64_t deadlock_looks() noexcept;

}  // namespace weft::testing

// ACCIDENT(name) { ...; return 0; }: the body of main() of the process.
#define ACCIDENT(name)                                                       \
  static int accident_##name();                                              \
  static const ::weft::testing::accident is_##name(#name, &accident_##name); \
  static int accident_##name()
