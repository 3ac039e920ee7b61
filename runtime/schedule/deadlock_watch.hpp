#pragma once
// Room: runtime. What a monitor asks each time that all its workers sleep: are all asleep for ever? It stands here
// because it is asked here; who knows is deadlock.cpp, above.

#include <cstdint>

#include <weft/runtime/deadline.hpp>

namespace weft::detail {

// A monitor's, each time that all its workers sleep.
class deadlock_watch {
 public:
  // Ends the process, or wakes who is in `run`, if all are asleep for ever. Returns until when the caller may sleep: a
  // plain thread may end without a word, so it is looked again a few times, more and more seldom.
  [[nodiscard]] deadline look() noexcept;

  // How often somebody has looked and not found all asleep: for tests.
  [[nodiscard]] static std::uint64_t looks() noexcept;

 private:
  unsigned again_ = 0;
};

}  // namespace weft::detail
