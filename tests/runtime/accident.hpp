#pragma once
// Room: tests. Accidents that end a process, or must not: each runs in a process of its own (accidents.cpp), because a
// death test's child has what main.cpp started before, a runtime that has been and a watchdog's thread.

#include <string>

namespace weft::testing {

struct accident_end {
  int exit_status = -1;  // -1: killed
  int signal = 0;        // 0: it exited
  std::string text;      // what it wrote on stderr
};

// Runs the accident of that name to its end.
[[nodiscard]] accident_end run_accident(const std::string& name);

// The registered ones, by a static object each; main() of accidents.cpp runs the one that it is told.
struct accident {
  accident(const char* name, int (*body)());
};

}  // namespace weft::testing

// ACCIDENT(name) { ...; return 0; }: the body of main() of the process.
#define ACCIDENT(name)                                                       \
  static int accident_##name();                                              \
  static const ::weft::testing::accident is_##name(#name, &accident_##name); \
  static int accident_##name()
