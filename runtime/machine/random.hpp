#pragma once
// Room: runtime. SplitMix64: a stream is one 64-bit counter, so each worker and thread has its own.

#include <cstdint>

namespace weft::detail {

inline std::uint64_t split_mix_step(std::uint64_t state) noexcept {
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

inline std::uint64_t split_mix(std::uint64_t& state) noexcept { return split_mix_step(state += 0x9e3779b97f4a7c15u); }

}  // namespace weft::detail
