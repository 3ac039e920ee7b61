// Room: tests of netpoll. What every kind of stream and socket promises of waiting, in one table of kinds (kinds.hpp).

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "kinds.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::time_limit;
using std::chrono::steady_clock;

constexpr auto k_past = steady_clock::time_point::min();
constexpr auto k_none = steady_clock::time_point::max();

// Runs `wait` in a fiber of its own until it is parked on `label`, then `end_it`; returns what the wait says.
template <class Wait, class End>
std::error_code ended_wait(const char* label, Wait wait, End end_it) {
  auto waiting = spawn(wait);
  await_parked(1, label);
  end_it();
  return waiting.join();
}

FIBER_TEST(every_kind, a_deadline_ends_a_read_in_progress_and_one_that_is_cleared_lets_it_go_on) {
  for (const auto& kind : kinds_of_ends()) {
    const auto [one, other] = kind.make();
    const auto read = [&one = *one] { return one.read(); };
    EXPECT_EQ(ended_wait(kind.reading, read, [&, &one = one] { EXPECT_FALSE(one->set_read_deadline(k_past)); }),
              std::errc::timed_out)
        << kind.name;
    EXPECT_FALSE(other->write("here")) << kind.name;
    EXPECT_EQ(one->read(), std::errc::timed_out) << kind.name << ": also if there is something to read";
    EXPECT_FALSE(one->write("x")) << kind.name << ": the other direction has its own";
    EXPECT_FALSE(one->set_read_deadline(k_none));
    EXPECT_FALSE(one->read()) << kind.name;
    EXPECT_FALSE(one->set_read_deadline(std::chrono::milliseconds(2)));
    EXPECT_EQ(one->read(), std::errc::timed_out) << kind.name;
  }
}

FIBER_TEST(every_kind, a_deadline_ends_a_write_in_progress) {
  for (const auto& kind : kinds_of_ends()) {
    const auto [one, other] = kind.make();
    EXPECT_FALSE(one->set_write_deadline(k_past));
    EXPECT_EQ(one->write("x"), std::errc::timed_out) << kind.name;
    EXPECT_FALSE(one->set_write_deadline(k_none));
    if (kind.writing == nullptr) continue;
    const auto write = [&one = *one] { return one.write_until_it_fails(); };
    EXPECT_EQ(ended_wait(kind.writing, write, [&one = one] { EXPECT_FALSE(one->set_write_deadline(k_past)); }),
              std::errc::timed_out)
        << kind.name;
  }
}

FIBER_TEST(every_kind, close_wakes_whoever_waits_and_refuses_whoever_comes) {
  for (const auto& kind : kinds_of_ends()) {
    const auto [one, other] = kind.make();
    std::vector<join_handle<std::error_code>> waiting;
    for (int i = 0; i < 3; ++i) waiting.push_back(spawn([&one = *one] { return one.read(); }));
    await_parked(3, kind.reading);
    if (kind.writing != nullptr) {
      waiting.push_back(spawn([&one = *one] { return one.write_until_it_fails(); }));
      await_parked(1, kind.writing);
    }
    EXPECT_FALSE(one->close()) << kind.name;
    for (auto& each : waiting) EXPECT_EQ(each.join(), std::errc::operation_canceled) << kind.name;
    EXPECT_EQ(one->read(), std::errc::bad_file_descriptor) << kind.name;
    EXPECT_EQ(one->write("x"), std::errc::bad_file_descriptor) << kind.name;
    EXPECT_EQ(one->close(), std::errc::bad_file_descriptor) << kind.name;
    EXPECT_EQ(one->set_read_deadline(k_past), std::errc::bad_file_descriptor) << kind.name;
    EXPECT_NO_THROW(one->set_deadline_plainly(k_past)) << kind.name;
    EXPECT_THROW(one->read_plainly(), std::system_error) << kind.name;
  }
}

FIBER_TEST(every_kind, cancellation_is_thrown_by_the_error_code_forms_and_leaves_the_rest_alive) {
  for (const auto& kind : kinds_of_ends()) {
    const auto [one, other] = kind.make();
    const auto cancel = [&](const char* label, auto wait) {
      std::atomic<bool> was_cancelled{false};
      auto waiting = spawn([&] {
        try {
          wait();
        } catch (const cancelled&) {
          was_cancelled = true;
          throw;
        }
      });
      await_parked(1, label);
      waiting.request_stop();
      EXPECT_ANY_THROW(waiting.join()) << kind.name;
      EXPECT_TRUE(was_cancelled) << kind.name;
    };
    cancel(kind.reading, [&one = *one] { static_cast<void>(one.read()); });
    EXPECT_FALSE(other->write("x"));
    EXPECT_FALSE(one->read()) << kind.name;
    if (kind.writing != nullptr) cancel(kind.writing, [&one = *one] { one.write_until_it_fails(); });
  }
}

FIBER_TEST(every_kind, the_end_of_an_object_ends_a_call_in_progress_and_what_was_moved_from_is_closed) {
  for (const auto& kind : kinds_of_ends()) {
    auto ends = kind.make();
    const auto read = [&one = *ends.one] { return one.read(); };
    EXPECT_EQ(ended_wait(kind.reading, read, [&] { ends.one.reset(); }), std::errc::operation_canceled) << kind.name;
    ends.other->move_away();
    EXPECT_EQ(ends.other->read(), std::errc::bad_file_descriptor) << kind.name;
    EXPECT_EQ(ends.other->close(), std::errc::bad_file_descriptor) << kind.name;
  }
}

// Nobody joins them: the runtime of this test does, when it ends.
FIBER_TEST(every_kind, the_end_of_a_runtime_ends_whoever_waits) {
  for (const auto& kind : kinds_of_ends()) {
    auto ends = std::make_shared<two_ends>(kind.make());
    go([ends] {
      static_cast<void>(ends->one->read());
      ADD_FAILURE() << "nothing was sent";
    });
    if (kind.writing != nullptr) go([ends] { ends->one->write_until_it_fails(); });
  }
  for (const auto& kind : kinds_of_ends()) {
    await_parked(1, kind.reading);
    if (kind.writing != nullptr) await_parked(1, kind.writing);
  }
}

// Each order in which these can meet; each reader ends, with one of the four things that can have happened.
FIBER_TEST(every_kind, events_deadlines_and_closes_race_each_other) {
  for (int round = 0; round < 20; ++round) {
    for (const auto& kind : kinds_of_ends()) {
      const auto [one, other] = kind.make();
      auto reader = spawn([&one = *one] { return one.read(); });
      auto writer = spawn([&other = *other] {
        static_cast<void>(other.write("x"));
        return other.close();
      });
      auto mover = spawn([&one = *one] {
        static_cast<void>(one.set_read_deadline(k_past));
        static_cast<void>(one.set_read_deadline(k_none));
      });
      if (round % 2 == 0) this_fiber::yield();
      static_cast<void>(one->close());
      const std::error_code ec = reader.join();
      EXPECT_TRUE(!ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor ||
                  ec == std::errc::timed_out)
          << kind.name << ": " << ec.message();
      writer.join();
      mover.join();
    }
  }
}

}  // namespace
}  // namespace weft::testing
