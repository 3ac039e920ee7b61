#pragma once
// Room: netpoll. An IP address and a port, as a value. Names are not endpoints: resolve.hpp turns the ones into the
// others.
//
//   net::endpoint e = net::endpoint::parse("[::1]:8080");
//   std::cout << e << ' ' << e.port();
//
// A plain value: copies are independent, comparisons are bytewise, nothing here parks or touches the network.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <system_error>

#pragma GCC visibility push(default)

namespace weft::net {

class endpoint {
 public:
  // "0.0.0.0:0".
  constexpr endpoint() noexcept = default;

  // Bytes in network order, as they are written: {127, 0, 0, 1}.
  [[nodiscard]] static constexpr endpoint v4(std::array<std::uint8_t, 4> bytes, std::uint16_t port) noexcept {
    endpoint e;
    for (std::size_t i = 0; i < bytes.size(); ++i) e.bytes_[i] = bytes[i];
    e.port_ = port;
    return e;
  }

  // `scope` is the index of the network interface that a link-local address belongs to; 0 for all others.
  [[nodiscard]] static constexpr endpoint v6(std::array<std::uint8_t, 16> bytes, std::uint16_t port,
                                             std::uint32_t scope = 0) noexcept {
    endpoint e;
    e.bytes_ = bytes;
    e.port_ = port;
    e.scope_ = scope;
    e.is_v6_ = true;
    return e;
  }

  // "1.2.3.4:80", "[::1]:80", "[fe80::1%eth0]:80" (or %2), and ":80", which is "[::]:80": any address, of either family
  // for a listener. The port is decimal, 0 to 65535, and is never left out. Anything else is
  // net::errc::invalid_address; the throwing form names the text, and what is wrong with it, in a std::system_error.
  [[nodiscard]] static endpoint parse(std::string_view text);
  [[nodiscard]] static endpoint parse(std::string_view text, std::error_code& ec) noexcept;

  [[nodiscard]] constexpr std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] constexpr bool is_v6() const noexcept { return is_v6_; }
  [[nodiscard]] constexpr std::uint32_t scope() const noexcept { return scope_; }

  // Network order; of an IPv4 address the first four.
  [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

  // "0.0.0.0" or "::".
  [[nodiscard]] constexpr bool is_unspecified() const noexcept {
    for (const std::uint8_t byte : bytes_)
      if (byte != 0) return false;
    return true;
  }

  [[nodiscard]] constexpr endpoint with_port(std::uint16_t port) const noexcept {
    endpoint e = *this;
    e.port_ = port;
    return e;
  }

  // What parse reads: parse(e.to_string()) == e.
  [[nodiscard]] std::string to_string() const;

  friend constexpr bool operator==(const endpoint&, const endpoint&) noexcept = default;
  friend constexpr std::strong_ordering operator<=>(const endpoint&, const endpoint&) noexcept = default;

 private:
  bool is_v6_ = false;
  std::uint16_t port_ = 0;
  std::uint32_t scope_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
};

std::ostream& operator<<(std::ostream& out, const endpoint& e);

}  // namespace weft::net

#pragma GCC visibility pop
