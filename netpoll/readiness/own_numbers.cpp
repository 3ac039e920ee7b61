// Room: netpoll. See own_numbers.hpp.

#include <weft/netpoll/detail/own_numbers.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include <weft/runtime/detail/forked_child.hpp>

namespace weft::net::detail {

namespace {

// Two for each runtime. What finds no place is not protected, and that is all. Who closes a number while a runtime
// begins or ends has no order with it, and needs none.
constinit std::array<std::atomic<int>, 64> g_numbers{};  // one more than the number; 0: free
constinit std::atomic<std::size_t> g_reach{0};           // beyond, no place was ever taken

// The place, or none: one beyond the last.
std::size_t replace(int before, int after) noexcept {
  std::size_t i = 0;
  for (; i < g_numbers.size(); ++i) {
    int expected = before;
    // relaxed: see above.
    if (g_numbers[i].compare_exchange_strong(expected, after, std::memory_order_relaxed)) break;
  }
  return i;
}

}  // namespace

void keep_own_number(int fd) noexcept {
  const std::size_t reach = std::min(replace(0, fd + 1) + 1, g_numbers.size());
  // relaxed, both: see above.
  std::size_t before = g_reach.load(std::memory_order_relaxed);
  while (before < reach && !g_reach.compare_exchange_weak(before, reach, std::memory_order_relaxed)) continue;
}

void give_up_own_number(int fd) noexcept { replace(fd + 1, 0); }

int next_own_number(unsigned from) noexcept {
  if (weft::detail::is_forked_beside_a_runtime()) return -1;
  int lowest = -1;
  // relaxed, both: see above.
  const std::size_t reach = g_reach.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < reach; ++i) {
    const int fd = g_numbers[i].load(std::memory_order_relaxed) - 1;
    if (fd >= 0 && static_cast<unsigned>(fd) >= from && (lowest < 0 || fd < lowest)) lowest = fd;
  }
  return lowest;
}

}  // namespace weft::net::detail
