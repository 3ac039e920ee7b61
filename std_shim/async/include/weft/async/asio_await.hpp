#pragma once
// Room: async. weft::await and weft::as_awaitable for Asio's coroutines, which take nothing but their own kind.
//
//   int n = weft::await(answer());                   // in a fiber; boost::asio::awaitable<int> answer()
//   auto v = co_await weft::as_awaitable(channel);   // in a coroutine of Asio's, too
//   weft::as_awaitable(handle, token)                // with any completion token of Asio's
//
// Part of <weft/asio.hpp>, where the compiler has coroutines (BOOST_ASIO_HAS_CO_AWAIT).

#include <weft/async/executor.hpp>
#include <weft/async/use_fiber.hpp>

#include <boost/asio/detail/config.hpp>

#if defined(BOOST_ASIO_HAS_CO_AWAIT) && defined(__cpp_impl_coroutine)

#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <weft/async/detail/asio_waiting.hpp>
#include <weft/async/detail/one_at_a_time.hpp>
#include <weft/await.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Runs an asio::awaitable on `where`, an executor or execution context of Asio's, and waits for it as use_fiber does:
// its result, its exception, how the fiber's end reaches it (what it awaits then is cancelled, from Boost 1.77 on).
// Before Boost 1.77 T must have a default constructor. In a handler of `where` itself it is refused, as far as that
// can be told (use_fiber.hpp).
template <class Where, class T, class Executor>
T await(Where&& where, boost::asio::awaitable<T, Executor> from) {
  return boost::asio::co_spawn(where, std::move(from), use_fiber);
}

// The same on the workers of the calling fiber's runtime: the coroutine runs in fibers, one after the other, also what
// it co_spawns on its own executor or awaits side by side (awaitable_operators), and may park: these others, and a
// request to end, wait for their turn then. On a plain thread: std::logic_error.
// (An awaitable whose executor is weft::executor itself runs on that, and a request to end may come to it in the middle
// of a step: Asio's slots are not made for that. Give it a strand, and do not park.)
template <class T, class Executor>
T await(boost::asio::awaitable<T, Executor> from) {
  if constexpr (std::is_convertible_v<detail::one_at_a_time, Executor>)
    return boost::asio::co_spawn(detail::one_at_a_time(executor()), std::move(from), use_fiber);
  else
    return boost::asio::co_spawn(executor(), std::move(from), use_fiber);
}

// await.hpp's, for coroutines of Asio's as well, if their executor is any_io_executor. Such a coroutine goes on on its
// own executor, as after every operation, and is not run by the fiber that waits in its place; its cancellation slot
// ends the wait (Boost 1.77). Others, and a reference for a result: as before.
template <detail::waitable_in_asio Handle>
auto as_awaitable(Handle&& handle) {
  return detail::asio_awaiter<detail::source_of<Handle>>(detail::make_source(std::forward<Handle>(handle)));
}

// The same as an operation of Asio's, with any completion token; its signature is void(std::exception_ptr, result), or
// void(std::exception_ptr). The result must have a default constructor. Use boost::asio::use_awaitable_t<Executor> in a
// coroutine whose executor is of another type.
template <detail::waitable_in_asio Handle, class Token>
auto as_awaitable(Handle&& handle, Token&& token) {
  using source = detail::source_of<Handle>;
  return detail::async_wait_for<typename source::result>(detail::make_source(std::forward<Handle>(handle)),
                                                         std::forward<Token>(token));
}

}  // namespace weft

#pragma GCC visibility pop

#endif
