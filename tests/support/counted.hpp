#pragma once
// Room: tests. A value that counts how many of its kind live: of closures, results and locals.

#include <atomic>

namespace weft::testing {

struct counted {
  explicit counted(std::atomic<int>& alive) : alive_(&alive) { ++*alive_; }
  counted(const counted& from) : counted(*from.alive_) {}
  counted& operator=(const counted&) = delete;
  ~counted() { --*alive_; }

 private:
  std::atomic<int>* alive_;
};

}  // namespace weft::testing
