#pragma once
// Room: async. What co_await of something gives, told by types.

#include <weft/async/detail/need_coroutines.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace weft::detail {

// As co_await itself finds it: a member operator co_await, a free one, or the thing itself.
template <class A>
decltype(auto) awaiter_of(A&& a) {
  if constexpr (requires { std::forward<A>(a).operator co_await(); })
    return std::forward<A>(a).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<A>(a)); })
    return operator co_await(std::forward<A>(a));
  else
    return static_cast<A&&>(a);
}

template <class A>
using awaiter_type = decltype(detail::awaiter_of(std::declval<A>()));

template <class A>
concept awaiter = requires(std::remove_reference_t<A>& a, std::coroutine_handle<> h) {
  a.await_ready() ? 1 : 0;
  a.await_suspend(h);
  a.await_resume();
};

// What any coroutine may co_await; not what needs one of its own kind, as boost::asio::awaitable does.
template <class A>
concept awaitable = awaiter<awaiter_type<A>>;

// A value that is about to go (T&&) is taken.
template <class T>
using kept_value = std::conditional_t<std::is_rvalue_reference_v<T>, std::remove_cvref_t<T>, T>;

template <class A>
using await_result = kept_value<decltype(std::declval<std::remove_reference_t<awaiter_type<A>>&>().await_resume())>;

}  // namespace weft::detail

#pragma GCC visibility pop
