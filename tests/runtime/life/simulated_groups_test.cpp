// Task groups under thousands of orders, beside groups that are broken in the way that each workload is there to find.

#include <gtest/gtest.h>
#include <support/counted.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <support/noted.hpp>
#include <support/simulated.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using weft::testing::counted;
using weft::testing::expect_found;
using weft::testing::expect_holds;
using weft::testing::must;
using weft::testing::noted;

// --- The limit.

// Looks how many run, and starts one more, in two steps.
class group_that_looks {
 public:
  void set_limit(int most) { limit_ = most; }
  void go(const std::function<void()>& f) {
    while (active_ >= limit_) weft::this_fiber::sleep_for(1us);
    weft::this_fiber::yield();
    ++active_;
    weft::go([this, f] {
      f();
      --active_;
    });
  }
  void wait() {
    while (active_ != 0) weft::this_fiber::sleep_for(1us);
  }

 private:
  std::atomic<int> limit_{0};
  std::atomic<int> active_{0};
};

// Two start members, and the limit is lowered meanwhile.
template <class Group>
void no_more_than_the_limit() {
  Group group;
  group.set_limit(2);
  std::atomic<int> inside{0};
  std::atomic<int> ended{0};
  const auto start = [&] {
    for (int i = 0; i < 3; ++i)
      group.go([&] {
        must(++inside <= 2, "more run than the limit says");
        weft::this_fiber::yield();
        --inside;
        ++ended;
      });
  };
  auto a = weft::spawn(start), b = weft::spawn(start);
  weft::this_fiber::yield();
  group.set_limit(1);
  a.join();
  b.join();
  group.wait();
  must(ended == 6, "waited for " + std::to_string(ended) + " members of 6");
}

TEST(simulated_task_group, runs_no_more_than_its_limit) { expect_holds(no_more_than_the_limit<weft::task_group>); }

// Who is cancelled at the limit takes no place along.
template <class Group>
void the_limit_seen_from_outside() {
  Group group;
  group.set_limit(1);
  noted<int> most;
  std::atomic<int> inside{0};
  const auto start = [&] {
    group.go([&] {
      const int now = ++inside;
      most.with([now](int& so_far) { so_far = std::max(so_far, now); });
      weft::this_fiber::yield();
      --inside;
    });
  };
  auto a = weft::spawn(start), b = weft::spawn(start), c = weft::spawn(start);
  b.request_stop();  // at the limit, as a rule
  a.join();
  c.join();
  b = {};
  group.wait();
  must(most.get() == 1, std::to_string(most.get()) + " have run at once");
}

TEST(simulated_task_group, gives_its_places_to_others) { expect_holds(the_limit_seen_from_outside<weft::task_group>); }
TEST(simulated_task_group, gives_its_places_and_the_test_would_see_it) {
  expect_found(50, the_limit_seen_from_outside<group_that_looks>);
}

// --- The first error ends the others, also those that are started later.

// Asks those to end that are there just then.
class group_that_asks_once {
 public:
  void go(std::function<void()> f) {
    members_[count_].go([this, f = std::move(f)] {
      try {
        f();
      } catch (const std::runtime_error&) {
        first_.with([](std::exception_ptr& first) {
          if (first == nullptr) first = std::current_exception();
        });
        for (std::size_t i = 0; i < count_; ++i) members_[i].cancel();
      }
    });
    ++count_;
  }
  void wait() {
    for (auto& each : members_) each.wait();
    if (first_.get() != nullptr) std::rethrow_exception(first_.get());
  }

 private:
  noted<std::exception_ptr> first_;
  std::atomic<std::size_t> count_{0};
  weft::task_group members_[4];
};

template <class Group>
void an_error_ends_the_others() {
  const auto begin = weft::clock::now();
  std::atomic<int> alive{0};
  std::string first;
  {
    Group group;
    for (int i = 0; i < 4; ++i)
      group.go([i, here = counted(alive)] {
        if (i == 1 || i == 2) throw std::runtime_error(std::to_string(i));
        weft::this_fiber::sleep_for(1h);
      });
    try {
      group.wait();
    } catch (const std::runtime_error& e) {
      first = e.what();
    }
    must(alive == 0, "closures are alive after the wait");
  }
  must(first == "1" || first == "2", "the error was not rethrown: " + first);
  must(weft::clock::now() - begin < 1h, "a member was not asked to end");
}

TEST(simulated_task_group, ends_all_when_one_fails) { expect_holds(an_error_ends_the_others<weft::task_group>); }
TEST(simulated_task_group, ends_all_and_the_test_would_see_it) {
  expect_found(20, an_error_ends_the_others<group_that_asks_once>);
}

// --- Groups in groups, cancelled at any time, by two.

void nested_groups_end() {
  std::atomic<int> alive{0};
  std::atomic<int> locals{0};
  const weft::fiber_local<counted> local([&locals] { return counted(locals); });
  weft::task_group outer;
  const auto member = [&local, here = counted(alive)] {
    (void)local.get();
    weft::task_group inner;
    for (int i = 0; i < 2; ++i)
      inner.go([&local, here] {
        (void)local.get();
        weft::this_fiber::sleep_for(1h);
      });
    inner.wait();
  };
  auto canceller = weft::spawn([&outer] { outer.cancel(); });
  outer.go(member);
  outer.go(member);
  canceller.join();
  outer.cancel();
  outer.wait();
  must(alive == 1 && locals == 0, "something is left after the wait");  // `member` itself
}

TEST(simulated_task_group, ends_with_all_groups_in_it) { expect_holds(nested_groups_end); }

// A group is as new after a wait, also for two who wait, and goes as soon as the wait is over.
void waited_for_by_two() {
  auto* const group = new weft::task_group;
  std::atomic<int> ended{0};
  std::atomic<int> failures{0};
  group->go([&ended] { ++ended; });
  group->go([] { throw std::runtime_error("one"); });
  const auto wait = [&failures, group] {
    try {
      group->wait();
    } catch (const std::runtime_error&) {
      ++failures;
    }
  };
  auto other = weft::spawn(wait);
  wait();
  other.join();
  must(failures == 1, "an exception came to " + std::to_string(failures) + " of two who wait");
  ended = 0;
  group->go([&ended] { ++ended; });
  group->wait();
  must(ended == 1, "a group that was waited for is not as new");
  delete group;
}

TEST(simulated_task_group, is_as_new_after_a_wait) { expect_holds(waited_for_by_two); }

}  // namespace
