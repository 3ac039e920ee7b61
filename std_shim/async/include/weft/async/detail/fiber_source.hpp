#pragma once
// Room: async. What a coroutine may wait for by as_awaitable: how a fiber waits for it, what comes of it, and what is
// kept of it meanwhile. A handle that is given as an lvalue is referred to, another is taken; channels and shared
// futures are handles that are copied anyhow.
// Next: waiting_coroutine.hpp.

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/runtime/spawn.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/future.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Handle>
struct fiber_source;  // of no other type

// A handle, or a reference to one.
template <class Handle>
class source_handle {
 public:
  explicit source_handle(Handle& there) noexcept : there_(&there) {}
  explicit source_handle(Handle&& own) noexcept : own_(std::move(own)), there_(nullptr) {}
  Handle& operator*() noexcept { return there_ != nullptr ? *there_ : own_; }
  Handle* operator->() noexcept { return &**this; }

 private:
  Handle own_;
  Handle* there_;
};

template <class T>
struct fiber_source<join_handle<T>> {
  using result = T;
  source_handle<join_handle<T>> handle;

  T wait() { return handle->join(); }
  // Whether wait() would not wait. What it takes, it leaves in `to`.
  bool look(outcome<T>&) { return false; }
};

template <class T>
struct fiber_source<channel<T>> {
  using result = std::optional<T>;
  channel<T> handle;

  result wait() { return handle.recv(); }
  bool look(outcome<result>& to) {
    result came;
    if (handle.try_recv(came) == channel_status::empty) return false;
    auto take = [&came] { return std::move(came); };
    to.set_result_of(take);
    return true;
  }
};

template <class Future, class R>
bool look_at_future(Future& from, outcome<R>& to) {
  if (from.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  auto take = [&from]() -> R { return from.get(); };
  to.set_result_of(take);
  return true;
}

template <class T>
struct fiber_source<future<T>> {
  using result = T;
  source_handle<future<T>> handle;

  T wait() { return handle->get(); }
  bool look(outcome<T>& to) { return look_at_future(*handle, to); }
};

// A value is copied: the coroutine need not keep a handle.
template <class T>
struct fiber_source<shared_future<T>> {
  using result = T;
  shared_future<T> handle;

  T wait() { return handle.get(); }
  bool look(outcome<T>& to) { return look_at_future(handle, to); }
};

template <class Handle>
using source_of = fiber_source<std::remove_cvref_t<Handle>>;
template <class Handle>
using source_result = typename source_of<Handle>::result;

// What as_awaitable takes.
template <class Handle>
concept waitable = requires {
  typename source_of<Handle>::result;
};

template <class Handle>
source_of<Handle> make_source(Handle&& from) {
  using held = decltype(source_of<Handle>::handle);
  return {held(std::forward<Handle>(from))};
}

}  // namespace weft::detail

#pragma GCC visibility pop
