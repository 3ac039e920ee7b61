#pragma once
// Room: runtime. Of <functional> what signatures speak of: std::function, reference_wrapper, ref, cref, hash, and the
// operators (less, equal_to, plus, ...). The rest of it is the searchers, which bring half of <algorithm> and
// <unordered_map>, and bind and its like. libstdc++ keeps the two apart; elsewhere this is all of <functional>.
// std::invoke is of the rest, so weft calls by detail::invoke.
// Next: chrono.hpp, the same of <chrono>.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <type_traits>
#include <utility>
#include <version>

#if defined(__GLIBCXX__) && __has_include(<bits/std_function.h>) && __has_include(<bits/refwrap.h>)
#include <bits/functional_hash.h>
#include <bits/refwrap.h>
#include <bits/std_function.h>
#include <bits/stl_function.h>
#else
#include <functional>
#endif

#pragma GCC visibility push(default)

namespace weft::detail {

// std::invoke.
template <class F, class... Args>
constexpr std::invoke_result_t<F, Args...> invoke(F&& f, Args&&... args) {
  if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>)
    return std::ref(f)(std::forward<Args>(args)...);
  else
    return std::forward<F>(f)(std::forward<Args>(args)...);
}

// What can be called without arguments where it is kept: as what stands there or, if it has no call but for what is at
// its end (operator()() &&), as that.
template <class F>
concept kept_call = std::is_invocable_v<F&> || std::is_invocable_v<F>;

template <class F>
using kept_result =
    typename std::conditional_t<std::is_invocable_v<F&>, std::invoke_result<F&>, std::invoke_result<F>>::type;

template <class F>
constexpr kept_result<F> call_kept(F& f) {
  if constexpr (std::is_invocable_v<F&>)
    return f();
  else
    return std::move(f)();
}

}  // namespace weft::detail

#pragma GCC visibility pop
