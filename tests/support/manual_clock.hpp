#pragma once
// tests: a clock that moves only when a test says so.

#include <atomic>
#include <chrono>
#include <cstdint>

#include <weft/runtime/detail/clock_source.hpp>
#include <weft/runtime/runtime.hpp>

namespace weft::testing {

class manual_clock : public detail::clock_source {
 public:
  [[nodiscard]] std::int64_t now() const noexcept override { return now_.load(); }

  void advance(std::chrono::nanoseconds by, runtime& seen_by) noexcept {
    now_.fetch_add(by.count());
    seen_by.look_again();
  }

 private:
  std::atomic<std::int64_t> now_{1};
};

}  // namespace weft::testing
