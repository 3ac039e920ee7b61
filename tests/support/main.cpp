// Room: tests. main() of every room's test program: prints "seed=N" first and on failure, arms the watchdog around each
// case and looks for leaks after it.

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include <support/leak_check.hpp>
#include <support/seed.hpp>
#include <support/watchdog.hpp>
#include <weft/runtime/runtime.hpp>

#include "sanitizers.hpp"

namespace {

using weft::testing::leak_check;

class around_each_case : public ::testing::EmptyTestEventListener {
  void OnTestIterationStart(const ::testing::UnitTest&, int iteration) override {
    if (iteration > 0) weft::testing::begin_iteration(iteration);
  }

  void OnTestStart(const ::testing::TestInfo& test) override {
    watchdog_.arm(std::string(test.test_suite_name()) + "." + test.name());
    before_ = std::make_unique<leak_check>();
  }

  // Comes before the default printer's, which then shows the case as failed.
  void OnTestEnd(const ::testing::TestInfo& test) override {
    before_->expect_nothing_left();
    watchdog_.disarm();
    if (test.result()->Failed())
      std::printf("replay: WEFT_SEED=%llu, --gtest_filter='%s.%s'\n",
                  static_cast<unsigned long long>(weft::testing::process_seed()), test.test_suite_name(), test.name());
  }

  weft::testing::watchdog watchdog_;
  std::unique_ptr<leak_check> before_;
};

}  // namespace

#ifdef WEFT_TSAN
// An exception that several hold is counted within libstdc++.so, so that TSan does not see that whoever looks at it in
// a handler is through when the last exception_ptr frees it. Unwinding has let go of the future's state before the
// handler begins: no order of ours says so. An exception_ptr in a std::shared_ptr is reported in the same way.
// A stop_callback that goes on the thread that requested the stop waits for nobody, for on that thread the callback has
// returned. That it was another fiber of the same thread, which has left it since, TSan does not take for an order.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::stop_token::_Stop_state_t::_M_remove_callback\n";
}
#endif

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  weft::testing::begin_iteration(0);
  if (::testing::FLAGS_gtest_random_seed == 0)
    ::testing::FLAGS_gtest_random_seed = static_cast<int>(weft::testing::process_seed() % 99999);
  // What the library opens once for the whole process is open before the first case counts.
  weft::run(weft::options{.workers = 1}, [] {});
  ::testing::UnitTest::GetInstance()->listeners().Append(new around_each_case);
  return RUN_ALL_TESTS();
}
