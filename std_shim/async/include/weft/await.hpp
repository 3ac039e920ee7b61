#pragma once
// Room: async. Between fibers and C++20 coroutines, both ways.
//
//   auto page = weft::await(fetch(url));              in a fiber: waits for a coroutine, or what else has a co_await
//   auto n = co_await weft::as_awaitable(handle);     in a coroutine: waits for a fiber, a channel, a future
//
// Not part of weft.hpp. boost::asio::awaitable needs a coroutine of its own kind around it: <weft/asio.hpp> adds it to
// both. What std::execution calls senders: <weft/senders.hpp>.
// Needs a compiler with coroutines (g++ 10, clang 15).

#include <weft/async/detail/awaitable.hpp>

#include <utility>

#include <weft/async/detail/awaited.hpp>
#include <weft/async/detail/waiting_coroutine.hpp>
#include <weft/runtime/cancellation.hpp>

#pragma GCC visibility push(default)

namespace weft {

// Waits for `from`, which is anything that any coroutine may co_await: an awaiter, or what has an operator co_await,
// member or free. Returns what co_await returns (a T&& as a T), or throws what it throws.
//
// The calling fiber parks; a plain thread blocks. What `from` does before it is first suspended, it does here, on the
// fiber's stack, and may park as the fiber itself; it goes on wherever it is resumed, and the fiber on its own worker.
// So do not wait in this way on the thread, or in the only fiber, that is to resume it (that runs its event loop):
// nobody would. weft::await knows no loop, and cannot tell.
// `from` may refer to what stands on the caller's frame: it is there until the coroutine has come to its end.
// A cancellation point as it begins. While it waits it is none: nothing tells a coroutine to end, and it may be using
// the caller's frame. A fiber that is asked to end, or whose time limit is over, waits on until the coroutine is
// through, and so does the end of its runtime; its value is returned all the same, an exception of its gives way to
// the request. Hand it weft::this_fiber::stop_token() if it takes one. (A coroutine that itself waits by as_awaitable
// in this runtime is woken by the end of that.)
// weft::cancelled out of the coroutine becomes std::system_error(operation_canceled), unless the caller is asked to
// end.
template <detail::awaitable A>
detail::await_result<A> await(A&& from) {
  detail::cancellation_point();
  return detail::await_for<detail::await_result<A>>(std::forward<A>(from)).take();
}

// What a coroutine can co_await, of
//   join_handle<T>      the fiber's end: T, or what it threw, as join()
//   channel<T>          the next value: std::optional<T>, empty when closed and drained, as recv()
//   future<T>           T, as get();  shared_future<T>: a copy of the value
// A join_handle or future given as an lvalue stays where it is and is used until the coroutine goes on; one that is
// moved in is kept here. co_await throws what join(), recv(), get() would throw.
//
// In any coroutine, on a fiber or on a plain thread (but Asio's, see <weft/asio.hpp>); one co_await for each. If there
// is nothing to wait for (a value is there), the coroutine goes on at once. Otherwise a fiber of the runtime's
// ("as_awaitable") waits in its place, with a stack of its own, and resumes it: the coroutine then runs on that fiber,
// and may park. The runtime is the one on whose fiber the co_await was run; on a plain thread it is one of the
// process's own, with a single worker. To run it elsewhere, let the coroutine's own library move it there.
// The coroutine may be destroyed while it waits, by whoever makes sure that nobody else resumes or destroys it: then
// nobody waits in its place any more when the destructor is through, which waits for that without being a cancellation
// point. A value that came in the very moment goes with it.
// When the runtime ends, the coroutine is resumed, on a fiber that is asked to end: co_await throws
// std::system_error(operation_canceled). co_await may throw what weft::spawn throws: there was no stack for a fiber.
template <detail::waitable Handle>
auto as_awaitable(Handle&& handle) {
  return detail::fiber_awaiter<detail::source_of<Handle>>(detail::make_source(std::forward<Handle>(handle)));
}

}  // namespace weft

#pragma GCC visibility pop
