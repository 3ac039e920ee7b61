// Room: tests of netpoll. Addresses of Unix sockets: what is one, what is none and why, and that each comes back as it
// was written.

#include <unix_address.hpp>

#include <cstddef>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <support/contains.hpp>
#include <support/seed.hpp>

namespace weft::testing {
namespace {

using net::detail::k_longest_unix_path;
using net::detail::parse_unix_address;
using net::detail::text_of;
using net::detail::unix_address;

std::error_code parse_error(std::string_view text) {
  unix_address ignored;
  return parse_unix_address(text, ignored);
}

std::string words_for(std::string_view text) {
  try {
    net::detail::throw_unix_error(parse_error(text), "a call", text);
  } catch (const std::system_error& e) {
    return e.what();
  }
}

TEST(unix_address, is_read_and_written_the_same) {
  for (const std::string& text : {std::string("/run/app.sock"), std::string("relative"), std::string("./@odd"),
                                  std::string(k_longest_unix_path, 'x'),
                                  "@" + std::string(k_longest_unix_path - 1, 'x'), std::string("@a\0b", 4)}) {
    unix_address address;
    ASSERT_FALSE(parse_unix_address(text, address)) << text;
    EXPECT_EQ(text_of(address), text);
    EXPECT_EQ(address.is_path(), text[0] != '@') << text;
    EXPECT_EQ(address.name.sun_family, AF_UNIX);
    EXPECT_LE(address.size, sizeof(address.name));
  }
}

TEST(unix_address, of_nobody_is_empty) {
  unix_address address;
  address.size = offsetof(sockaddr_un, sun_path);
  EXPECT_EQ(text_of(address), "");
  ASSERT_FALSE(parse_unix_address("@", address));
  EXPECT_EQ(address.size, offsetof(sockaddr_un, sun_path)) << "the system chooses";
}

TEST(unix_address, what_is_none_says_why) {
  EXPECT_EQ(parse_error(""), std::errc::invalid_argument);
  EXPECT_TRUE(contains(words_for(""), "a call '' .it is empty: a path, or @name"));
  EXPECT_EQ(parse_error(std::string("a\0b", 3)), std::errc::invalid_argument);
  EXPECT_TRUE(contains(words_for(std::string("a\0b", 3)), "'a.0b' .a zero byte in it"));
  for (const std::string& text :
       {std::string(k_longest_unix_path + 1, 'x'), "@" + std::string(k_longest_unix_path, 'x')}) {
    EXPECT_EQ(parse_error(text), std::errc::filename_too_long);
    EXPECT_TRUE(contains(words_for(text), "108 bytes, and the system takes 107 at most"));
  }
}

// Whatever the bytes: read, and the same again, or refused; nothing outside the room.
TEST(unix_address, of_any_bytes_comes_back_or_is_refused) {
  std::mt19937_64 random(seed_of_this_test());
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 120, '\0');
    for (char& each : text) each = "@/ab\0"[random() % 5];
    unix_address address;
    if (!parse_unix_address(text, address) && text != "@") {
      ASSERT_EQ(text_of(address), text);
    }
  }
}

}  // namespace
}  // namespace weft::testing
