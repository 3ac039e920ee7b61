#pragma once
// Room: runtime. Fibers that are at the same place told as one: what they do, their wait, their site and their stack
// are the same. It takes as much memory as there are such places, however many fibers.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "fiber_sight.hpp"

namespace weft::detail {

struct fiber_group {
  static constexpr std::size_t k_most_named = 4;

  fiber_sight one;                       // the first that was seen
  std::size_t count = 0;                 //
  std::optional<std::int64_t> newest;    // of those whose age is known
  std::optional<std::int64_t> oldest;    //
  std::vector<fiber_label::copy> first;  // by number; at most k_most_named
};

class fiber_groups {
 public:
  void add(const fiber_sight& seen);
  // By the least number in each.
  [[nodiscard]] std::vector<const fiber_group*> in_order() const;

 private:
  std::map<std::string, fiber_group> groups_;
};

}  // namespace weft::detail
