// errno is a thread's, and so all its fibers' one after the other. That is no race, and the race detector, to which
// fibers are threads, does not take it for one: in its cell a report fails this.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

// Compiled in here: it saves errno, sets it, and sets it back. A function of its own, so that errno's place is not kept
// over a yield.
[[gnu::noinline]] int number_in(const std::string& text) { return std::stoi(text); }

FIBER_TEST(thread_errno, what_a_header_asks_of_errno_is_no_race_among_the_fibers_of_a_thread) {
  std::vector<weft::join_handle<int>> readers;
  for (int i = 0; i < 8; ++i)
    readers.push_back(weft::spawn([] {
      int sum = 0;
      for (int n = 0; n < 20; ++n) {
        sum += number_in(std::to_string(n));
        weft::this_fiber::yield();
      }
      return sum;
    }));
  for (auto& reader : readers) EXPECT_EQ(reader.join(), 190);
}

}  // namespace
