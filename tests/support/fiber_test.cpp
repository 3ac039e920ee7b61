// Room: tests. See fiber_test.hpp.

#include <support/fiber_test.hpp>

#include <atomic>
#include <exception>
#include <string>

#include <support/seed.hpp>
#include <weft/runtime/runtime.hpp>

namespace weft::testing {

namespace {

std::atomic<std::size_t> g_workers{0};

class fiber_test : public ::testing::Test {
 public:
  fiber_test(void (*body)(), std::size_t workers) : body_(body), workers_(workers) {}

  void TestBody() override {
    g_workers.store(workers_, std::memory_order_relaxed);  // relaxed: read by the body, which starts after this
    try {
      runtime rt(options{.workers = workers_, .seed = seed_of_this_test()});
      rt.run(body_);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "an exception left the test: " << e.what();
    }
    g_workers.store(0, std::memory_order_relaxed);  // relaxed: as above
  }

 private:
  void (*body_)();
  std::size_t workers_;
};

}  // namespace

bool register_fiber_test(const char* room, const char* sentence, const char* file, int line, void (*body)()) {
  for (const std::size_t workers : {1u, 2u, 4u, 8u}) {
    const std::string count = std::to_string(workers);
    const std::string name = std::string(sentence) + "/" + count;
    // The factory's type makes the fixture ::testing::Test, so that TEST and FIBER_TEST may share a suite.
    const auto make = [body, workers]() -> ::testing::Test* { return new fiber_test(body, workers); };
    ::testing::RegisterTest(room, name.c_str(), nullptr, count.c_str(), file, line, make);
  }
  return true;
}

std::size_t workers_of_this_test() noexcept {
  return g_workers.load(std::memory_order_relaxed);  // relaxed: set before the body began
}

}  // namespace weft::testing
