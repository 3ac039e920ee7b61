#pragma once
// Room: runtime. Which functions and arguments begin no fiber: for overloads that are deleted, and say
// why on the line that compilers show.

#include <type_traits>

#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/spawn_site.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// With where it is begun, perhaps.
template <class F, class... Args>
consteval bool can_begin() {
  if constexpr ((std::is_same_v<std::remove_cvref_t<Args>, source_site> && ...))
    return kept_call<std::decay_t<F>>;
  else
    return std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...>;
}

template <class F, class... Args>
concept not_a_call = !can_begin<F, Args...>();

}  // namespace weft::detail

#pragma GCC visibility pop
