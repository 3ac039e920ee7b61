#pragma once
// Room: runtime. Which fiber: a number that is never given twice in a process, but for simulations (simulate.hpp), each
// of which counts from 1. The default one names no fiber.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>

#include <weft/runtime/detail/functional.hpp>

#pragma GCC visibility push(default)

namespace weft {

class fiber_id {
 public:
  constexpr fiber_id() noexcept = default;
  constexpr explicit fiber_id(std::uint64_t number) noexcept : number_(number) {}
  [[nodiscard]] constexpr std::uint64_t number() const noexcept { return number_; }
  friend constexpr auto operator<=>(const fiber_id&, const fiber_id&) noexcept = default;

 private:
  std::uint64_t number_ = 0;
};

std::ostream& operator<<(std::ostream& out, fiber_id id);  // #7

}  // namespace weft

#pragma GCC visibility pop

template <>
struct std::hash<weft::fiber_id> {
  std::size_t operator()(weft::fiber_id id) const noexcept { return std::hash<std::uint64_t>()(id.number()); }
};
