// Room: tests of netpoll. The contract of every stream, promise by promise, over each kind: the table is in
// netpoll/README.md.

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "contract/stream_kinds.hpp"
#include "net_support.hpp"

namespace weft::testing {
namespace {

using net::any_stream;
using namespace std::chrono_literals;

// What fails first tells of which kind it was. (SCOPED_TRACE belongs to the thread.)
template <class Body>
void for_each_stream(Body body) {
  for (const stream_kind& kind : k_stream_kinds) {
    const bool had_failed = ::testing::Test::HasFailure();
    stream_pair pair = kind.make();
    body(kind, pair);
    if (!had_failed && ::testing::Test::HasFailure()) ADD_FAILURE() << "the kind of stream was " << kind.name;
  }
}

std::error_code error_of_write(any_stream& to, std::size_t bytes) {
  std::error_code ec;
  to.write_all(std::string(bytes, 'x'), ec);
  return ec;
}

// --- Deadlines.

FIBER_TEST(contract, a_deadline_ends_the_waits_of_its_direction_until_it_is_cleared) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    pair.near.set_read_deadline(2ms);
    EXPECT_EQ(read_error(pair.near), std::errc::timed_out);
    pair.far.write_all("x");
    pair.far.set_write_deadline(2ms);
    EXPECT_EQ(error_of_write(pair.far, kind.much), std::errc::timed_out);
    EXPECT_EQ(error_of_write(pair.far, 1), std::errc::timed_out) << "also those to come";
    EXPECT_FALSE(error_of_write(pair.near, 1)) << "of the other direction";
    char got[1];
    EXPECT_EQ(pair.far.read_some(got), 1u) << "of the other direction";
    EXPECT_EQ(read_error(pair.near), std::errc::timed_out) << "though there is something to read";
    pair.near.set_deadline(any_stream::time_point::max());
    EXPECT_EQ(pair.near.read_some(got), 1u);
  });
}

FIBER_TEST(contract, a_deadline_that_is_moved_holds_for_waits_in_progress) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    pair.near.set_deadline(1h);
    auto reads = spawn([&] { return read_error(pair.near); });
    auto writes = spawn([&] { return error_of_write(pair.near, kind.much); });
    await_parked(1, kind.reading);
    await_parked(1, kind.writing);
    pair.near.set_write_deadline(0s);
    EXPECT_EQ(writes.join(), std::errc::timed_out);
    await_parked(1, kind.reading);
    pair.near.set_read_deadline(0s);
    EXPECT_EQ(reads.join(), std::errc::timed_out);
  });
}

// --- Closing.

FIBER_TEST(contract, close_wakes_whoever_waits_and_refuses_whoever_comes) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    std::vector<join_handle<std::error_code>> waiting;
    for (int i = 0; i < 2; ++i) waiting.push_back(spawn([&] { return read_error(pair.near); }));
    for (int i = 0; i < 2; ++i) waiting.push_back(spawn([&] { return error_of_write(pair.near, kind.much); }));
    await_parked(2, kind.reading);
    await_parked(2, kind.writing);
    pair.near.close();
    for (auto& each : waiting) EXPECT_EQ(each.join(), std::errc::operation_canceled);
    EXPECT_EQ(read_error(pair.near), std::errc::bad_file_descriptor);
    EXPECT_EQ(error_of_write(pair.near, 1), std::errc::bad_file_descriptor);
    std::error_code ec;
    pair.near.close(ec);
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    pair.near.close();
    EXPECT_FALSE(pair.near.is_open());
  });
}

// --- Cancellation.

// True if it came out as weft::cancelled.
template <class Call>
bool is_ended_by_request(std::string_view label, Call call) {
  bool heard = false;
  auto waits = spawn([&] {
    try {
      call();
    } catch (const cancelled&) {
      heard = true;
      throw;
    }
  });
  await_parked(1, label);
  waits.request_stop();
  expect_error(std::errc::operation_canceled, [&] { waits.join(); });
  return heard;
}

FIBER_TEST(contract, every_wait_is_a_cancellation_point_in_both_forms) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    std::error_code ec;
    char got[8];
    EXPECT_TRUE(is_ended_by_request(kind.reading, [&] { pair.near.read_some(got); }));
    EXPECT_TRUE(is_ended_by_request(kind.reading, [&] { pair.near.read_exactly(got, ec); }));
    EXPECT_FALSE(error_of_write(pair.far, 1));
    EXPECT_EQ(pair.near.read_some(got), 1u) << "the stream lives on";
    const std::string much(kind.much, 'x');
    EXPECT_TRUE(is_ended_by_request(kind.writing, [&] { pair.far.write_all(much); }));
    EXPECT_TRUE(is_ended_by_request(kind.writing, [&] { pair.far.write_all(much, ec); }));
    EXPECT_THROW(with_timeout(1ms, [&] { pair.far.write_all(much, ec); }), timed_out);
  });
}

TEST(contract, the_end_of_a_runtime_ends_every_wait) {
  for (const stream_kind& kind : k_stream_kinds) {
    std::atomic<int> ended{0};
    weft::run({.workers = 2}, [&] {
      for (int i = 0; i < 3; ++i) {
        go([&ended, &kind, pair = kind.make()]() mutable {
          task_group both;
          both.go([&] { read_error(pair.near); });
          both.go([&] { error_of_write(pair.near, kind.much); });
          try {
            both.wait();
          } catch (const cancelled&) {
            ++ended;
            throw;
          }
        });
      }
      await_parked(3, kind.reading);
      await_parked(3, kind.writing);
    });
    EXPECT_EQ(ended, 3) << kind.name;
  }
}

// The first who is asked closes the stream, as he unwinds, and wakes the other, who is asked by the same request.
FIBER_TEST(contract, who_is_woken_by_the_end_of_another_that_was_asked_to_end_hears_of_his_own) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    std::atomic<int> cancelled_ones{0};
    const auto counted = [&cancelled_ones](auto call) {
      return [&cancelled_ones, call]() mutable {
        try {
          call();
        } catch (const cancelled&) {
          ++cancelled_ones;
          throw;
        }
      };
    };
    const auto both = [&] {
      task_group group;
      group.go(counted([&] {
        const struct closing {
          any_stream& closed;
          ~closing() { closed.close(); }
        } at_the_end{pair.near};
        read_error(pair.near);
      }));
      group.go(counted([&] { read_error(pair.far); }));
      group.wait();
    };
    auto asked = spawn(both);
    await_parked(2, kind.reading);
    asked.request_stop();
    expect_error(std::errc::operation_canceled, [&] { asked.join(); });
    EXPECT_EQ(cancelled_ones, 2);
  });
}

// --- Ends.

FIBER_TEST(contract, the_end_is_0_again_and_again_and_half_closed_still_reads) {
  for_each_stream([](const stream_kind&, stream_pair& pair) {
    pair.far.write_all("last");
    pair.far.shutdown_write();
    char got[8];
    std::error_code ec;
    EXPECT_EQ(pair.near.read_exactly(got, ec), 4u);
    EXPECT_EQ(ec, net::errc::end_of_stream);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(pair.near.read_some(got, ec), 0u);
      EXPECT_FALSE(ec);
    }
    EXPECT_EQ(error_of_write(pair.far, 1), std::errc::broken_pipe) << "what it has ended itself";
    pair.near.write_all("back");
    EXPECT_EQ(pair.far.read_some(got), 4u) << "half-closed";
  });
}

FIBER_TEST(contract, a_parked_read_sees_the_end_and_a_parked_write_the_break) {
  for_each_stream([](const stream_kind& kind, stream_pair& pair) {
    auto writes = spawn([&] { return error_of_write(pair.near, kind.much); });
    await_parked(1, kind.writing);
    auto reads = spawn([&] { return read_error(pair.near); });
    await_parked(1, kind.reading);
    pair.far.shutdown_write();
    EXPECT_FALSE(reads.join());
    pair.break_far();
    const std::error_code ec = writes.join();
    EXPECT_TRUE(ec == std::errc::broken_pipe || ec == std::errc::connection_reset) << ec.message();
    wait_until([&] { return error_of_write(pair.near, 1) == std::errc::broken_pipe; });
  });
}

// --- Errors.

FIBER_TEST(contract, the_plain_forms_throw_and_name_the_call) {
  for_each_stream([](const stream_kind&, stream_pair& pair) {
    pair.near.close();
    char got[4];
    const auto expect_named = [](std::string_view name, auto call) {
      try {
        call();
        ADD_FAILURE() << name << " on a stream that is closed";
      } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::bad_file_descriptor);
        EXPECT_NE(std::string_view(e.what()).find("stream::" + std::string(name)), std::string_view::npos) << e.what();
      }
    };
    expect_named("read_some", [&] { pair.near.read_some(got); });
    expect_named("read_exactly", [&] { pair.near.read_exactly(got); });
    expect_named("write_all", [&] { pair.near.write_all("x"); });
    expect_named("write_some", [&] { pair.near.write_some("x"); });
    expect_named("shutdown_write", [&] { pair.near.shutdown_write(); });
  });
}

}  // namespace
}  // namespace weft::testing
