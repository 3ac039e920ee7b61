#pragma once
// Room: tests. Who else runs in a case of a conformance list: threads of the world, and how they are waited for.
// Next: thrown.hpp.

#include <utility>
#include <vector>

#include <support/wait_until.hpp>  // which lets others run in every world

namespace weft::testing {

// body(0) ... body(n - 1), each on a thread of its own; returns when all have ended.
template <class World, class Body>
void on_threads(int n, Body body) {
  std::vector<typename World::thread> crew;
  for (int i = 0; i < n; ++i) crew.emplace_back([&body, i] { body(i); });
  for (auto& thread : crew) thread.join();
}

// body() on another thread than the caller's, and what it returned.
template <class World, class Body>
auto elsewhere(Body body) {
  decltype(body()) result{};
  on_threads<World>(1, [&](int) { result = body(); });
  return result;
}

}  // namespace weft::testing
