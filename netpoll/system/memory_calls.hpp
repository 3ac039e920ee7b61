#pragma once
// Room: netpoll. Memory that comes from the system, and goes back to it, in whole pages. See syscalls.hpp for what all
// wrappers keep to.

#include <cstddef>

namespace weft::net::detail {

// All zero, and not in memory until it is touched; null if there is none.
[[nodiscard]] std::byte* map_memory(std::size_t size) noexcept;
void unmap_memory(std::byte* begin, std::size_t size) noexcept;

// How much of it is in memory, at most k_most_asked of it.
inline constexpr std::size_t k_most_asked = std::size_t{64} << 10;
[[nodiscard]] std::size_t resident_in(std::byte* begin, std::size_t size) noexcept;

}  // namespace weft::net::detail
