#pragma once
// Room: runtime. In which order a thief looks at the seats: each of them once, from one on that it draws. So thieves
// spread over whoever has work, and a steal that finds nothing has looked at all. Next: worker.cpp, which steals.

namespace weft::detail {

// What `look_at(seat)` found first, or nothing.
template <class Look>
[[nodiscard]] auto first_from_seats(unsigned seats, unsigned start, Look look_at) -> decltype(look_at(0u)) {
  for (unsigned i = 0; i < seats; ++i)
    if (auto found = look_at((start + i) % seats)) return found;
  return {};
}

}  // namespace weft::detail
