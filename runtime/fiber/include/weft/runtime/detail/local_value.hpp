#pragma once
// Room: runtime. The values behind fiber_local.hpp: a list for each fiber and thread, which owns them.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

struct local_value;

// What the list must know of a value's type.
struct local_type {
  void (*destroy)(local_value*) noexcept;
  local_value* (*copy)(const local_value&);  // null: children do not get one
};

// The value stands behind it.
struct local_value {
  const local_type* type;
  std::uint64_t key;  // of the fiber_local
  local_value* older = nullptr;
};

// Never the same twice.
[[nodiscard]] std::uint64_t take_local_key() noexcept;

// The caller's own; null if it has none yet.
[[nodiscard]] local_value* find_local(std::uint64_t key) noexcept;
// Takes it over, unless it throws std::bad_alloc.
void add_local(local_value* fresh);
// Destroys the caller's own, if there is one.
void drop_local(std::uint64_t key) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
