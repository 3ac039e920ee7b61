#pragma once
// Room: tests of posix. Descriptors of every kind that a fiber may wait for, each with something that makes it ready.

#include <functional>
#include <string>
#include <vector>

namespace weft::testing {

struct pair_of_ends {
  int waited = -1;  // for reading
  int other = -1;   // what makes it readable; -1: nothing else is open
  pair_of_ends() = default;
  pair_of_ends(int w, int o) : waited(w), other(o) {}
  pair_of_ends(const pair_of_ends&) = delete;
  pair_of_ends& operator=(const pair_of_ends&) = delete;
  ~pair_of_ends();
};

struct kind {
  const char* name;
  void (*open)(pair_of_ends&);
  void (*make_readable)(const pair_of_ends&);
  std::size_t size;  // of one read
  bool is_socket;
};

[[nodiscard]] const std::vector<kind>& all_kinds();

}  // namespace weft::testing
