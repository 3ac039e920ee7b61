#pragma once
// Room: tests. What a case must leave behind: no live fiber, no stack in use, no armed timer, and not one descriptor
// more than it found. Checked after every case, when its runtimes have stopped.

#include <cstddef>
#include <map>
#include <string>

namespace weft::testing {

class leak_check {
 public:
  // Notes what the process has open.
  leak_check();

  // Adds a failure to the running case for whatever it left.
  void expect_nothing_left() const;

 private:
  std::map<int, std::string> open_before_;  // descriptor -> what it is
};

}  // namespace weft::testing
