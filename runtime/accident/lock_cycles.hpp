#pragma once
// Room: runtime. Fibers that wait for locks which they hold among themselves: none of them ever gets on.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fiber_sight.hpp"

namespace weft::detail {

class lock_cycles {
 public:
  // One that waits for no lock, or for one of which nobody knows the holder, is in none.
  void add(const fiber_sight& seen);
  // A line for each, which begins with the least number:
  // `fiber #2 'a' waits for mutex 0x10, which fiber #3 'b' holds, who waits for mutex 0x20, which fiber #2 'a' holds`.
  [[nodiscard]] std::vector<std::string> in_words() const;

 private:
  struct wait {
    fiber_label::copy who;
    const char* kind;
    const void* lock;
    fiber_label::copy holder;
  };
  [[nodiscard]] const wait* after(const wait& of) const;
  [[nodiscard]] bool begins_cycle(const wait& first) const;

  std::map<std::uint64_t, wait> waits_;  // by the waiter's number
};

}  // namespace weft::detail
