#pragma once
// Room: tests of netpoll. What passes through pipes, and how tests of them read and write.

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

using bytes = std::vector<unsigned char>;

inline constexpr auto k_never = net::pipe_stream::time_point::max();
inline constexpr auto k_over = net::pipe_stream::time_point::min();

// Pieces of random sizes, by all the calls there are.
inline void write_in_pieces(net::pipe_stream& to, const bytes& data, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t done = 0; done < data.size();) {
    const auto piece = std::span(data).subspan(done, std::min(data.size() - done, random() % 400));
    if (random() % 2 == 0) {
      to.write_all(piece);
      done += piece.size();
    } else {
      done += to.write_some(piece);
    }
    if (random() % 16 == 0) this_fiber::yield();
  }
  to.shutdown_write();
}

inline bytes read_in_pieces(net::pipe_stream& from, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  bytes got;
  for (;;) {
    bytes piece(1 + random() % 400);
    std::error_code ec;
    const bool is_exact = random() % 2 == 0;
    const std::size_t n = is_exact ? from.read_exactly(piece, ec) : from.read_some(piece, ec);
    got.insert(got.end(), piece.begin(), piece.begin() + static_cast<long>(n));
    if (ec == net::errc::end_of_stream || n == 0) return got;
    EXPECT_FALSE(ec) << ec.message();
    if (random() % 16 == 0) this_fiber::yield();
  }
}

}  // namespace weft::testing
