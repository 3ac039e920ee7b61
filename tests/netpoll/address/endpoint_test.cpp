// Room: tests of netpoll. endpoint: what is read, what is refused, and that both say the text.

#include <weft/netpoll/endpoint.hpp>

#include <gtest/gtest.h>

#include <net/if.h>

#include <sstream>
#include <string>

#include <weft/netpoll/errc.hpp>

namespace weft::net {
namespace {

TEST(endpoint, reads_what_it_writes) {
  struct row {
    const char* text;
    const char* canonical;
    bool is_v6;
    std::uint16_t port;
  };
  for (const row& each : {
           row{"127.0.0.1:80", "127.0.0.1:80", false, 80},
           row{"0.0.0.0:0", "0.0.0.0:0", false, 0},
           row{"255.255.255.255:65535", "255.255.255.255:65535", false, 65535},
           row{"[::1]:8080", "[::1]:8080", true, 8080},
           row{"[::]:0", "[::]:0", true, 0},
           row{"[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]:443", true, 443},
           row{"[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1", true, 1},
           row{"[fe80::1%7]:22", "[fe80::1%7]:22", true, 22},
           row{":8080", "[::]:8080", true, 8080},
       }) {
    const endpoint e = endpoint::parse(each.text);
    EXPECT_EQ(e.to_string(), each.canonical);
    EXPECT_EQ(e.is_v6(), each.is_v6) << each.text;
    EXPECT_EQ(e.port(), each.port) << each.text;
    EXPECT_EQ(endpoint::parse(e.to_string()), e) << each.text;
  }
}

TEST(endpoint, refuses_what_is_no_address_and_names_it) {
  for (const char* text : {
           "",
           ":",
           "80",
           "127.0.0.1",
           "127.0.0.1:",
           "127.0.0.1:65536",
           "127.0.0.1:-1",
           "127.0.0.1:+1",
           "127.0.0.1: 80",
           "127.0.0.1:80 ",
           "127.0.0.1:0x50",
           "127.0.0.1:http",
           "127.0.0:80",
           "127.0.0.256:80",
           "1.2.3.4.5:80",
           "::1:80",
           "[::1]",
           "[::1]:",
           "[::1:80",
           "::1]:80",
           "[]:80",
           "[::1]80:1",
           "[:::1]:80",
           "[127.0.0.1]:80",
           "[fe80::1%]:80",
           "[fe80::1%0]:80",
           "[fe80::1%no-such-interface-here]:80",
           "localhost:80",
           "[localhost]:80",
           "999999999999999999999999999999999999999999999999999999:80",
       }) {
    std::error_code ec;
    EXPECT_EQ(endpoint::parse(text, ec), endpoint()) << text;
    EXPECT_EQ(ec, errc::invalid_address) << text;
    EXPECT_EQ(ec, std::errc::invalid_argument) << text;
    try {
      static_cast<void>(endpoint::parse(text));
      ADD_FAILURE() << "no exception for '" << text << "'";
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), errc::invalid_address);
      EXPECT_NE(std::string(e.what()).find("'" + std::string(text) + "'"), std::string::npos) << e.what();
    }
  }
}

TEST(endpoint, refuses_a_zero_byte) {
  std::error_code ec;
  static_cast<void>(endpoint::parse(std::string_view("127.0.0.1\0:80", 13), ec));
  EXPECT_EQ(ec, errc::invalid_address);
  try {
    static_cast<void>(endpoint::parse(std::string_view("127.0.0.1\0:80", 13)));
    ADD_FAILURE();
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find("'127.0.0.1\\0:80': a zero byte in it"), std::string::npos) << e.what();
  }
}

TEST(endpoint, knows_interfaces_by_name) {
  const unsigned index = ::if_nametoindex("lo");
  if (index == 0) GTEST_SKIP() << "there is no interface 'lo'";
  EXPECT_EQ(endpoint::parse("[fe80::1%lo]:80").scope(), index);
}

TEST(endpoint, is_a_value) {
  constexpr endpoint a = endpoint::v4({127, 0, 0, 1}, 80);
  static_assert(a == a && a < a.with_port(81));
  EXPECT_EQ(a, endpoint::parse("127.0.0.1:80"));
  EXPECT_NE(a, endpoint::parse("[::ffff:127.0.0.1]:80"));
  EXPECT_TRUE(endpoint().is_unspecified());
  EXPECT_TRUE(endpoint::parse(":1").is_unspecified());
  EXPECT_FALSE(a.is_unspecified());
  std::ostringstream out;
  out << a;
  EXPECT_EQ(out.str(), "127.0.0.1:80");
}

TEST(errc, says_what_happened) {
  for (const errc each : {errc::end_of_stream, errc::invalid_address, errc::host_not_found, errc::service_not_found,
                          errc::resolver_failed, errc::resolver_busy, errc::resolver_stuck}) {
    const std::error_code ec = each;
    EXPECT_STREQ(ec.category().name(), "weft.net");
    EXPECT_EQ(ec.message().find("unknown"), std::string::npos);
  }
  EXPECT_EQ(std::error_code(errc::resolver_busy), std::errc::resource_unavailable_try_again);
  EXPECT_EQ(std::error_code(errc::resolver_stuck), std::errc::resource_unavailable_try_again);
}

}  // namespace
}  // namespace weft::net
