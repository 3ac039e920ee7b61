#pragma once
// Room: tests of runtime. Bodies that run as the main fiber of a runtime whose clock they move themselves, at 1, 2, 4
// and 8 workers: CLOCKED_TESTS(name) once a file, then TEST_P(name, sentence) { run([&] { ... }); }

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <support/manual_clock.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/runtime.hpp>

#include "scheduler.hpp"
#include "this_worker.hpp"

namespace weft::testing {

class clocked : public ::testing::TestWithParam<std::size_t> {
 protected:
  template <class F>
  void run(F&& body) {
    runtime_.run(std::forward<F>(body));
  }

  void advance(std::chrono::nanoseconds by) { clock_.advance(by, runtime_); }

  // Once all other fibers wait, and for a time that has not come yet. Whose time has come then is no longer parked.
  void advance_when_all_wait(std::chrono::nanoseconds by) {
    do {
      wait_until_all_parked();
    } while (is_somebody_due());
    advance(by);
    wait_until([] { return !is_somebody_due(); });
  }

  // ... to the earliest deadline that somebody waits for; nobody does: not at all.
  void advance_to_the_next_deadline() {
    advance_when_all_wait(std::chrono::nanoseconds(0));
    const detail::scheduler& home = detail::this_worker()->home();
    const deadline next = home.earliest_timer();
    if (next > home.now() && !next.is_never())
      advance_when_all_wait(std::chrono::nanoseconds(next.nanoseconds() - home.now().nanoseconds()));
  }

  manual_clock clock_;
  runtime runtime_{options{.workers = GetParam()}, &clock_};

 private:
  static bool is_somebody_due() {
    const detail::scheduler& home = detail::this_worker()->home();
    return home.earliest_timer() <= home.now();
  }
};

inline std::string name_by_workers(const ::testing::TestParamInfo<std::size_t>& test) {
  return std::to_string(test.param);
}

}  // namespace weft::testing

#define CLOCKED_TESTS(name)                        \
  class name : public ::weft::testing::clocked {}; \
  INSTANTIATE_TEST_SUITE_P(workers, name, ::testing::Values(1, 2, 4, 8), ::weft::testing::name_by_workers)
