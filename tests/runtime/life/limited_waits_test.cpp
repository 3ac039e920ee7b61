// Waits that are not the runtime's own, under a time limit: an operation as sync and netpoll make theirs, with a
// deadline of its own and wakers that race with the limit.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "clocked.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;

CLOCKED_TESTS(limited_waits);

// Items that are handed over, one to each receiver.
class parcels {
 public:
  // False: its own deadline was first.
  bool receive(weft::deadline until = weft::deadline::never()) {
    cancellation_point();
    wait_node node;
    {
      const internal_guard held(lock_);
      if (there_ != 0) {
        --there_;
        return true;
      }
      node.token = arm(cancellation::honoured);
      waiting_.push_back(node);
    }
    const wake_reason reason = park(node.token, until, "a parcel");
    if (reason == wake_reason::handed) return true;
    {
      const internal_guard held(lock_);
      waiting_.remove(node);
    }
    if (reason == wake_reason::cancelled) throw_cancelled();
    return false;
  }

  void send() {
    claimed won;
    {
      const internal_guard held(lock_);
      if (waiting_.claim_front(wake_reason::handed, won) == nullptr) ++there_;
    }
    if (won) unpark(won);
  }

  int left() {
    const internal_guard held(lock_);
    return there_;
  }

 private:
  internal_lock lock_;
  int there_ = 0;
  wait_list waiting_;
};

TEST_P(limited_waits, whichever_deadline_is_first_tells) {
  run([&] {
    parcels none;
    auto own_first = weft::spawn([&] {
      return weft::with_timeout(2s, [&] { return none.receive(weft::deadline::after(now(), 1s)) ? "got" : "late"; });
    });
    auto the_same = weft::spawn([&] {
      return weft::with_timeout(1s, [&] { return none.receive(weft::deadline::after(now(), 1s)) ? "got" : "late"; });
    });
    auto limit_first = weft::spawn([&] {
      return weft::try_with_timeout(1s, [&] { return none.receive(weft::deadline::after(now(), 2s)); }).has_value();
    });
    advance_when_all_wait(1s);
    EXPECT_STREQ(own_first.join(), "late");
    EXPECT_STREQ(the_same.join(), "late");
    EXPECT_FALSE(limit_first.join());
  });
}

TEST_P(limited_waits, an_item_that_came_is_kept_and_its_timer_goes) {
  run([&] {
    parcels some;
    auto receiver = weft::spawn([&] { return weft::with_timeout(1s, [&] { return some.receive(); }); });
    weft::testing::wait_until_all_parked();
    some.send();
    EXPECT_TRUE(receiver.join());
  });
}

// Every item is received, or left: a limit that is first leaves it to others.
TEST_P(limited_waits, a_limit_races_with_what_is_waited_for_and_nothing_is_lost) {
  constexpr int k_receivers = 8;
  constexpr int k_rounds = 60;
  run([&] {
    for (int round = 0; round < k_rounds; ++round) {
      parcels some;
      std::atomic<int> received{0};
      std::vector<weft::join_handle<void>> receivers;
      for (int i = 0; i < k_receivers; ++i)
        receivers.push_back(weft::spawn([&] {
          if (weft::try_with_timeout(1s, [&] { return some.receive(); })) ++received;
        }));
      for (int i = 0; i < round % 5; ++i) weft::this_fiber::yield();
      auto sender = weft::spawn([&] {
        for (int i = 0; i < k_receivers; ++i) some.send();
      });
      for (int i = 0; i < round % 3; ++i) weft::this_fiber::yield();
      advance(1s);
      sender.join();
      for (auto& each : receivers) each.join();
      EXPECT_EQ(received + some.left(), k_receivers);
    }
  });
}

TEST_P(limited_waits, a_limit_races_with_a_cancellation_and_one_of_them_ends_the_wait) {
  run([&] {
    for (int round = 0; round < 60; ++round) {
      parcels none;
      std::atomic<int> ends{0};
      auto waits = weft::spawn([&] {
        try {
          if (!weft::try_with_timeout(1s, [&] { return none.receive(); })) ++ends;
        } catch (const weft::cancelled&) {
          ++ends;
          throw;
        }
        weft::this_fiber::sleep_for(1000h);  // the cancellation ends this one, if the limit was first
      });
      for (int i = 0; i < round % 4; ++i) weft::this_fiber::yield();
      auto other = weft::spawn([&] { advance(1s); });
      waits.request_stop();
      other.join();
      EXPECT_THROW(waits.join(), std::system_error);
      EXPECT_LE(ends, 1);  // 0: it was cancelled before it began
    }
  });
}

// A shield, or a limit in force, at the moment of arming decides.
TEST_P(limited_waits, under_a_shield_and_a_limit_a_request_does_not_end_the_wait) {
  run([&] {
    parcels some;
    auto waits = weft::spawn(
        [&] { weft::shield([&] { EXPECT_TRUE(weft::with_timeout(1h, [&] { return some.receive(); })); }); });
    weft::testing::wait_until_all_parked();
    waits.request_stop();
    weft::testing::wait_until_all_parked();
    some.send();
    waits.join();
  });
}

}  // namespace
