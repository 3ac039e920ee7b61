#pragma once
// Room: tests. A body on many fibers of a runtime with two workers, which must not block each other.

#include <functional>

#include <weft/weft.hpp>

namespace weft::testing {

inline void side_by_side(std::size_t workers, int fibers, const std::function<void(int)>& body) {
  weft::run(weft::options{.workers = workers}, [&] {
    weft::task_group group;
    for (int i = 0; i < fibers; ++i) group.go([&body, i] { body(i); });
    group.wait();
  });
}

}  // namespace weft::testing
