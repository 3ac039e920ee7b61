// Time limits: what they end, how they nest with each other, with cancellation from outside and with shields, and who
// is told. The clock stands still unless a test moves it.

#include <weft/runtime/with_timeout.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <support/fiber_test.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "clocked.hpp"
#include "sleep_long.hpp"

namespace {

using namespace std::chrono_literals;
using weft::join_handle;
using weft::with_timeout;

CLOCKED_TESTS(limits);

using weft::testing::sleep_long;

// What came of `f`: its layers tell by themselves.
template <class F>
std::string outcome_of(F f) {
  try {
    f();
    return "returned";
  } catch (const weft::timed_out&) {
    return "timed out";
  } catch (const weft::cancelled&) {
    return "cancelled";
  }
}

TEST_P(limits, a_wait_ends_at_the_limit_and_is_told_as_timed_out) {
  run([&] {
    auto handle = weft::spawn([] { with_timeout(10s, sleep_long); });
    advance_when_all_wait(9s);
    advance_when_all_wait(1s);
    try {
      handle.join();
      FAIL() << "it returned";
    } catch (const weft::timed_out& e) {
      EXPECT_EQ(e.code(), std::errc::timed_out);
      EXPECT_NE(std::string(e.what()).find("with_timeout: not done within 10 s"), std::string::npos) << e.what();
    }
  });
}

TEST_P(limits, what_was_returned_is_returned_though_the_limit_is_over) {
  run([&] {
    EXPECT_EQ(with_timeout(1s,
                           [&] {
                             advance(2s);
                             return 7;
                           }),
              7);
    EXPECT_EQ(*with_timeout(1s, [] { return std::make_unique<int>(3); }), 3);
    int here = 0;
    EXPECT_EQ(&with_timeout(1s, [&here]() -> int& { return here; }), &here);
  });
}

TEST_P(limits, every_cancellation_point_throws_until_the_scope_ends_and_none_after) {
  run([&] {
    int deliveries = 0;
    EXPECT_EQ(outcome_of([&] {
                with_timeout(1s, [&] {
                  advance(1s);
                  for (int i = 0; i < 3; ++i) {
                    try {
                      i % 2 == 0 ? weft::this_fiber::yield() : sleep_long();
                    } catch (const weft::cancelled&) {
                      ++deliveries;
                    }
                  }
                  weft::this_fiber::yield();
                });
              }),
              "timed out");
    EXPECT_EQ(deliveries, 3);
    weft::this_fiber::yield();
  });
}

TEST_P(limits, one_that_is_over_before_it_begins_lets_f_run_to_its_first_cancellation_point) {
  run([&] {
    for (const auto limit : {0s, -5s}) {
      bool ran = false;
      EXPECT_EQ(outcome_of([&] {
                  with_timeout(limit, [&] {
                    ran = true;
                    weft::this_fiber::yield();
                    ADD_FAILURE() << "went past it";
                  });
                }),
                "timed out");
      EXPECT_TRUE(ran);
    }
  });
}

TEST_P(limits, what_f_throws_passes) {
  run([] { EXPECT_THROW(with_timeout(1h, [] { throw std::runtime_error("its own"); }), std::runtime_error); });
}

TEST_P(limits, try_says_by_its_value) {
  run([&] {
    EXPECT_EQ(weft::try_with_timeout(1s, [] { return 5; }), std::optional(5));
    EXPECT_TRUE(weft::try_with_timeout(1s, [] {}));
    auto late = weft::spawn([] {
      return weft::try_with_timeout(1s, [] {
        sleep_long();
        return 5;
      });
    });
    auto late_void = weft::spawn([] { return weft::try_with_timeout(1s, sleep_long); });
    advance_when_all_wait(1s);
    EXPECT_EQ(late.join(), std::nullopt);
    EXPECT_FALSE(late_void.join());
  });
}

TEST_P(limits, a_point_in_time_may_be_of_any_clock) {
  run([&] {
    EXPECT_EQ(outcome_of([] { weft::with_deadline(std::chrono::system_clock::now() - 1s, sleep_long); }), "timed out");
    EXPECT_FALSE(weft::try_with_deadline(std::chrono::steady_clock::time_point(), sleep_long));
    EXPECT_TRUE(weft::try_with_deadline(std::chrono::steady_clock::time_point::max(), [] {}));
  });
}

// --- Nested.

TEST_P(limits, the_inner_one_is_told_by_the_inner_layer) {
  run([&] {
    auto handle = weft::spawn([] {
      std::string told;
      with_timeout(2s, [&] {
        told = outcome_of([] { with_timeout(1s, sleep_long); });
        weft::this_fiber::yield();  // the outer one goes on
      });
      return told;
    });
    advance_when_all_wait(1s);
    EXPECT_EQ(handle.join(), "timed out");
  });
}

TEST_P(limits, the_outer_one_passes_through_the_inner_layer) {
  run([&] {
    for (const auto inner : {1s, 2s}) {  // the same one, and a later one
      auto handle = weft::spawn([inner] {
        std::string inside;
        const std::string outside = outcome_of([&] {
          with_timeout(1s, [&] {
            inside = outcome_of([inner] { with_timeout(inner, sleep_long); });
            weft::this_fiber::yield();
          });
        });
        return inside + ", " + outside;
      });
      advance_when_all_wait(1s);
      EXPECT_EQ(handle.join(), "cancelled, timed out");
    }
  });
}

TEST_P(limits, cancellation_from_outside_passes_through_all_layers) {
  run([&] {
    std::string inside;
    auto handle = weft::spawn([&] {
      inside = outcome_of([] { with_timeout(1h, [] { with_timeout(2h, sleep_long); }); });
      weft::this_fiber::yield();
    });
    weft::testing::wait_until_all_parked();
    handle.request_stop();
    EXPECT_THROW(handle.join(), std::system_error);
    EXPECT_EQ(inside, "cancelled");
  });
}

TEST_P(limits, cancellation_from_outside_comes_before_a_limit_that_is_over) {
  run([&] {
    std::string inside;
    auto handle = weft::spawn([&] {
      inside = outcome_of([&] {
        with_timeout(1s, [&] {
          try {
            sleep_long();
          } catch (const weft::cancelled&) {
            advance(1s);
            throw;
          }
        });
      });
    });
    weft::testing::wait_until_all_parked();
    handle.request_stop();
    handle.join();  // it swallowed the cancellation, and returned
    EXPECT_EQ(inside, "cancelled");
  });
}

// --- Shields.

TEST_P(limits, a_shield_inside_holds_it_back) {
  run([&] {
    bool slept = false;
    EXPECT_EQ(outcome_of([&] {
                with_timeout(1s, [&] {
                  weft::shield([&] {
                    auto mover = weft::spawn([&] { advance_when_all_wait(2s); });
                    weft::this_fiber::sleep_for(2s);
                    mover.join();
                    slept = true;
                  });
                  weft::this_fiber::yield();
                });
              }),
              "timed out");
    EXPECT_TRUE(slept);
  });
}

TEST_P(limits, one_inside_a_shield_holds_while_what_is_around_is_held_back) {
  run([&] {
    std::string inside, after;
    std::atomic<bool> is_inside{false};
    auto handle = weft::spawn([&] {
      with_timeout(1s, [&] {
        weft::shield([&] {
          inside = outcome_of([&] {
            with_timeout(3s, [&] {
              is_inside = true;
              sleep_long();
            });
          });
        });
        after = outcome_of([] { weft::this_fiber::yield(); });
        throw std::runtime_error("through");
      });
    });
    weft::testing::wait_until([&] { return is_inside.load(); });
    handle.request_stop();
    advance_when_all_wait(2s);  // the outer limit, and the request, are both due
    weft::testing::wait_until_all_parked();
    EXPECT_EQ(inside, "");
    advance(1s);
    EXPECT_THROW(handle.join(), std::runtime_error);
    EXPECT_EQ(inside, "timed out");
    EXPECT_EQ(after, "cancelled");
  });
}

TEST_P(limits, one_in_a_destructor_holds_while_an_exception_unwinds) {
  struct says_goodbye {
    std::string& said;
    ~says_goodbye() { said = weft::try_with_timeout(1s, sleep_long) ? "all" : "as much as there was time for"; }
  };
  run([&] {
    std::string said;
    auto handle = weft::spawn([&] {
      const says_goodbye guard{said};
      sleep_long();
    });
    weft::testing::wait_until_all_parked();
    handle.request_stop();
    advance_when_all_wait(1s);
    EXPECT_THROW(handle.join(), std::system_error);
    EXPECT_EQ(said, "as much as there was time for");
  });
}

TEST_P(limits, one_around_is_not_delivered_while_an_exception_unwinds) {
  struct sleeps {
    std::atomic<bool>& begun;
    bool& slept;
    ~sleeps() {
      begun = true;
      weft::this_fiber::sleep_for(1s);
      slept = true;
    }
  };
  run([&] {
    std::atomic<bool> begun{false};
    bool slept = false;
    auto handle = weft::spawn([&] {
      return outcome_of([&] {
        with_timeout(1s, [&] {
          const sleeps guard{begun, slept};
          sleep_long();
        });
      });
    });
    advance_when_all_wait(1s);
    weft::testing::wait_until([&] { return begun.load(); });
    advance_when_all_wait(1s);
    EXPECT_EQ(handle.join(), "timed out");
    EXPECT_TRUE(slept);
  });
}

TEST_P(limits, what_is_spawned_inside_is_not_under_it) {
  run([&] {
    join_handle<void> sleeper;
    with_timeout(1s, [&] { sleeper = weft::spawn([] { weft::this_fiber::sleep_for(5s); }); });
    advance_when_all_wait(2s);
    advance_when_all_wait(3s);
    sleeper.join();
  });
}

// --- On a plain thread, and swallowed.

TEST(limits, on_a_plain_thread_is_refused_by_name) {
  try {
    with_timeout(1s, [] {});
    FAIL() << "it ran";
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find("with_timeout outside a runtime"), std::string::npos) << e.what();
  }
}

FIBER_TEST(limits, that_end_what_they_hold_are_not_taken_for_swallowed_cancellations) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 2000; ++i) EXPECT_FALSE(weft::try_with_timeout(0s, [] { weft::this_fiber::yield(); }));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
