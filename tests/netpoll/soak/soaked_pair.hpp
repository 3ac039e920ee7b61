#pragma once
// Room: tests of netpoll. What a conversation of the network soak is held over, and who makes it.

#include <cstddef>
#include <functional>
#include <utility>

#include "contract/stream_kinds.hpp"

namespace weft::testing {

// Two streams that are connected, or have something between them that passes on what each says.
struct soaked_pair {
  soaked_pair(stream_pair connected, std::function<bool()> between = nullptr)
      : ends(std::move(connected)), end_between(std::move(between)) {}

  stream_pair ends;
  // Waits, once both streams are closed, until what is between them has ended. True: it had failed.
  std::function<bool()> end_between;
};

inline constexpr std::size_t k_most_soaked_kinds = 8;

// Makes pairs, one after the other. Throws std::system_error if one cannot be had now.
using soak_lane = std::function<soaked_pair()>;

}  // namespace weft::testing
