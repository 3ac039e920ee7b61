// Values of fibers: made lazily, one for each, inherited or not, and destroyed at the fiber's end; and the calls that
// come after that.

#include <weft/runtime/fiber_local.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/at_end.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;
using weft::fiber_local;
using weft::detail::call_at_end;

using log = std::vector<std::string>;

// Notes its end, and on which fiber.
struct recorded {
  explicit recorded(log& to, std::string as) : in(to), name(std::move(as)), made_on(weft::this_fiber::get_id()) {}
  ~recorded() { in.push_back(name + (weft::this_fiber::get_id() == made_on ? "" : " elsewhere")); }
  recorded(const recorded&) = delete;
  recorded& operator=(const recorded&) = delete;
  log& in;
  std::string name;
  weft::fiber_id made_on;
};

FIBER_TEST(fiber_local, each_fiber_has_its_own_and_keeps_it_across_switches) {
  const fiber_local<int> count;
  std::vector<weft::join_handle<int>> fibers;
  for (int i = 0; i < 20; ++i)
    fibers.push_back(weft::spawn([&count, i] {
      EXPECT_FALSE(count.has_value());
      EXPECT_EQ(*count, 0);
      int& mine = *count;
      for (int k = 0; k < i; ++k) {
        ++mine;
        weft::this_fiber::yield();
      }
      EXPECT_EQ(&mine, &count.get());
      return *count;
    }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(fibers[static_cast<std::size_t>(i)].join(), i);
  EXPECT_FALSE(count.has_value());
}

FIBER_TEST(fiber_local, is_made_as_it_was_told_and_made_again_after_a_reset) {
  struct no_default {
    explicit no_default(int n) : number(n) {}
    int number;
  };
  std::atomic<int> made{0};
  const fiber_local<no_default> local([&made] { return no_default(++made); });
  EXPECT_EQ(local->number, 1);
  EXPECT_EQ(local->number, 1);
  local.reset();
  EXPECT_FALSE(local.has_value());
  EXPECT_EQ(local->number, 2);
  local.reset();
  local.reset();
}

FIBER_TEST(fiber_local, values_die_on_their_fiber_newest_first_before_it_is_joined) {
  log ends;
  const fiber_local<recorded> first([&] { return recorded(ends, "first"); });
  const fiber_local<recorded> second([&] { return recorded(ends, "second"); });
  weft::spawn([&, of_closure = std::make_shared<recorded>(ends, "closure elsewhere, as it was made")] {
    (void)first.get();
    (void)second.get();
  }).join();
  ASSERT_EQ(ends.size(), 3u);
  EXPECT_EQ(ends[0].substr(0, 7), "closure");
  EXPECT_EQ(ends[1], "second");
  EXPECT_EQ(ends[2], "first");
}

FIBER_TEST(fiber_local, values_die_with_fibers_that_are_cancelled_that_throw_and_in_groups) {
  log ends;
  const fiber_local<recorded> local([&] { return recorded(ends, "gone"); });
  auto cancelled = weft::spawn([&] {
    (void)local.get();
    weft::this_fiber::sleep_for(1000h);
  });
  weft::testing::wait_until_all_parked();
  cancelled.request_stop();
  EXPECT_THROW(cancelled.join(), std::system_error);
  EXPECT_THROW(weft::spawn([&] {
                 (void)local.get();
                 throw std::runtime_error("out");
               }).join(),
               std::runtime_error);
  weft::task_group group;
  group.go([&] { (void)local.get(); });
  group.wait();
  EXPECT_EQ(ends, (log{"gone", "gone", "gone"}));
}

// Also one that was destroyed already.
FIBER_TEST(fiber_local, a_destructor_may_use_other_values) {
  static std::atomic<int> used;
  used = 0;
  static const fiber_local<int> early;
  struct uses_the_other {
    ~uses_the_other() { used += *early; }
  };
  const fiber_local<uses_the_other> late;
  weft::spawn([&] {
    *early = 5;
    (void)late.get();
  }).join();
  EXPECT_EQ(used, 5);
  weft::spawn([&] {
    (void)late.get();
    *early = 5;  // is destroyed first, and made again, as 0
  }).join();
  EXPECT_EQ(used, 5);
}

FIBER_TEST(fiber_local, destructors_may_wait_and_nothing_is_delivered_to_them) {
  static bool waited;
  waited = false;
  struct waits {
    ~waits() {
      weft::this_fiber::yield();
      waited = true;
    }
  };
  const fiber_local<waits> local;
  auto handle = weft::spawn([&] {
    (void)local.get();
    weft::this_fiber::sleep_for(1000h);
  });
  weft::testing::wait_until_all_parked();
  handle.request_stop();
  EXPECT_THROW(handle.join(), std::system_error);
  EXPECT_TRUE(waited);
}

FIBER_TEST(fiber_local, a_value_may_outlive_what_it_was_made_by) {
  log ends;
  auto local = std::make_unique<fiber_local<recorded>>([&] { return recorded(ends, "gone"); });
  weft::spawn([&] {
    (void)local->get();
    local.reset();
    EXPECT_TRUE(ends.empty());
  }).join();
  EXPECT_EQ(ends, log{"gone"});
}

// --- Inherited.

FIBER_TEST(fiber_local, children_begin_with_a_copy_of_what_is_inherited) {
  const fiber_local<std::string> name(weft::inherited, [] { return std::string("nobody"); });
  const fiber_local<int> other;
  *other = 1;
  EXPECT_EQ(weft::spawn([&] { return *name; }).join(), "nobody");  // there was nothing to copy
  *name = "parent";
  auto child = weft::spawn([&] {
    EXPECT_FALSE(other.has_value());
    EXPECT_EQ(*name, "parent");
    *name = "child";
    return weft::spawn([&] { return *name; }).join();
  });
  *name = "changed since";
  EXPECT_EQ(child.join(), "child");
  EXPECT_EQ(*name, "changed since");

  std::string in_group;
  weft::task_group group;
  group.go([&] { in_group = *name; });
  group.wait();
  EXPECT_EQ(in_group, "changed since");

  std::atomic<bool> went{false};
  weft::go([&] {
    EXPECT_EQ(*name, "changed since");
    went = true;
  });
  weft::testing::wait_until([&] { return went.load(); });
}

FIBER_TEST(fiber_local, copies_die_with_fibers_that_never_run) {
  const fiber_local<std::shared_ptr<int>> local(weft::inherited);
  const auto held = std::make_shared<int>(0);
  *local = held;
  for (int i = 0; i < 20; ++i) {
    auto child = weft::spawn([] {});
    child.request_stop();
    try {
      child.join();
    } catch (const std::system_error&) {
    }
  }
  EXPECT_EQ(held.use_count(), 2);
}

FIBER_TEST(fiber_local, what_a_copy_throws_refuses_the_spawn) {
  struct reluctant {
    reluctant() = default;
    reluctant(const reluctant& from) : refuses(from.refuses), held(from.held) {
      if (refuses) throw std::runtime_error("not copied");
    }
    bool refuses = false;
    std::shared_ptr<int> held;
  };
  const auto held = std::make_shared<int>(0);
  const fiber_local<std::shared_ptr<int>> before(weft::inherited);
  const fiber_local<reluctant> local(weft::inherited);
  *before = held;
  local->held = held;
  local->refuses = true;
  weft::task_group group;
  group.set_limit(1);
  EXPECT_THROW((void)weft::spawn([held] {}), std::runtime_error);
  EXPECT_THROW(group.go([held] {}), std::runtime_error);
  EXPECT_EQ(held.use_count(), 3);
  local->refuses = false;
  group.go([held] {});
  group.wait();
  local.reset();
  before.reset();
  EXPECT_EQ(held.use_count(), 1);
}

// --- Plain threads.

TEST(fiber_local, of_a_plain_thread_lives_as_long_as_the_thread) {
  log ends;
  const fiber_local<recorded> local([&] { return recorded(ends, "gone"); });
  std::thread([&] {
    (void)local.get();
    EXPECT_TRUE(local.has_value());
    call_at_end([](void* to) noexcept { static_cast<log*>(to)->push_back("called"); }, &ends);
  }).join();
  EXPECT_FALSE(local.has_value());
  EXPECT_EQ(ends, (log{"gone", "called"}));
}

TEST(fiber_local, run_inherits_from_the_plain_thread) {
  const fiber_local<int> local(weft::inherited);
  *local = 4;
  EXPECT_EQ(weft::run([&] { return weft::spawn([&] { return *local; }).join(); }), 4);
  local.reset();
  EXPECT_EQ(weft::run([&] { return *local; }), 0);
}

// --- Calls at the end.

FIBER_TEST(at_end, calls_come_after_the_values_in_their_order_before_whoever_joins) {
  log ends;
  const fiber_local<recorded> local([&] { return recorded(ends, "value"); });
  const auto first = [](void* to) noexcept { static_cast<log*>(to)->push_back("first"); };
  const auto second = [](void* to) noexcept {
    static_cast<log*>(to)->push_back("second");
    call_at_end([](void* last) noexcept { static_cast<log*>(last)->emplace_back("asked for by the second"); }, to);
  };
  auto handle = weft::spawn([&] {
    call_at_end(first, &ends);
    (void)local.get();
    call_at_end(second, &ends);
    weft::this_fiber::yield();
    EXPECT_TRUE(ends.empty());
  });
  handle.join();
  EXPECT_EQ(ends, (log{"value", "first", "second", "asked for by the second"}));
}

}  // namespace
