#pragma once
// Room: tests. Many fibers, and their end.

#include <vector>

#include <weft/runtime/spawn.hpp>

namespace weft::testing {

using fibers = std::vector<join_handle<void>>;

inline void join_all(fibers& all) {
  for (auto& each : all) each.join();
}

}  // namespace weft::testing
