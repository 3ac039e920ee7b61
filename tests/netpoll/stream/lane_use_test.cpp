// Room: tests of netpoll. byte_lane and lane_use: what is lent to a call stays its own while others come and go
// ("Lending", byte_lane.cpp). One thread plays both ends, step by step.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

#include <byte_lane.hpp>
#include <lane_use.hpp>

namespace weft::testing {
namespace {

using net::detail::byte_lane;
using net::detail::direction;
using net::detail::lane_use;

// The handles of both ends.
struct lane_owner {
  explicit lane_owner(std::size_t capacity) : lane(new byte_lane(capacity)) {}
  ~lane_owner() {
    for (const direction end : {direction::read, direction::write}) {
      static_cast<void>(lane->close(end));
      lane->abandon();
    }
  }
  lane_owner(const lane_owner&) = delete;
  lane_owner& operator=(const lane_owner&) = delete;

  byte_lane* const lane;
};

std::size_t put(lane_use& use, std::string_view text) { return use.write(std::as_bytes(std::span(text))); }

void write(byte_lane* lane, std::string_view text) {
  lane_use use(lane, direction::write, "test");
  EXPECT_EQ(put(use, text), text.size());
}

std::string read(byte_lane* lane) {
  lane_use use(lane, direction::read, "test");
  std::string got(100, '\0');
  got.resize(use.read(std::as_writable_bytes(std::span(got))));
  return got;
}

TEST(lane_use, what_is_lent_to_a_writer_stays_where_it_is_when_the_ring_empties) {
  const lane_owner owner(16);
  write(owner.lane, "hello");
  {
    lane_use writer(owner.lane, direction::write, "test");
    EXPECT_EQ(read(owner.lane), "hello");
    EXPECT_EQ(put(writer, "a piece that is too long"), 11u);
  }
  EXPECT_EQ(read(owner.lane), "a piece tha");
}

TEST(lane_use, the_end_is_not_seen_before_what_a_writer_copies) {
  const lane_owner owner(16);
  std::error_code ec;
  {
    lane_use writer(owner.lane, direction::write, "test");
    EXPECT_TRUE(owner.lane->close(direction::write));
    lane_use reader(owner.lane, direction::read, "test");
    EXPECT_FALSE(owner.lane->set_deadline(direction::read, deadline::from_nanoseconds(1)));
    EXPECT_FALSE(reader.await(1, ec));
    EXPECT_EQ(ec, std::errc::timed_out) << "it waits for the writer";
    EXPECT_EQ(put(writer, "last"), 4u);
  }
  EXPECT_FALSE(owner.lane->set_deadline(direction::read, deadline::never()));
  EXPECT_EQ(read(owner.lane), "last");
  lane_use reader(owner.lane, direction::read, "test");
  ec.clear();
  EXPECT_FALSE(reader.await(1, ec));
  EXPECT_FALSE(ec) << "the end";
}

TEST(lane_use, goes_on_when_both_handles_have_gone) {
  auto owner = std::make_unique<lane_owner>(16);
  write(owner->lane, "kept");
  lane_use reader(owner->lane, direction::read, "test");
  owner.reset();
  char buf[4];
  EXPECT_EQ(reader.read(std::as_writable_bytes(std::span(buf))), 4u);
  std::error_code ec;
  EXPECT_FALSE(reader.await(1, ec));
  EXPECT_EQ(ec, std::errc::operation_canceled);
}

}  // namespace
}  // namespace weft::testing
