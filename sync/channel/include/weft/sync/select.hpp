#pragma once
// Room: sync. select, as Go's: waits for whichever of several channel operations can be done first, does it, and runs
// its handler. This is the typed face; the protocol "Selecting" is told in select.cpp.
//
//   weft::select(
//       weft::recv(jobs, [&](std::optional<job> j) { ... }),     // nullopt: closed and drained
//       weft::send(results, value, [&] { ... }),                 // sent
//       weft::after(1s, [&] { ... }),                            // nothing for a second
//       weft::otherwise([&] { ... }));                           // nothing ready now; never waits
//
//   switch (weft::select(weft::recv(jobs, j), weft::after(1s))) {...}     // j: std::optional<job>
//
// Among several cases that are ready the choice is uniformly random. Returns the index of the case that ran; handlers
// run on the caller after everything is decided, and what they throw passes through. A send to a channel that is closed
// is ready, and throws channel_closed. A null channel is never ready; a select in which nothing can ever be ready waits
// for ever. A cancellation point, also with otherwise; once cancelled no case has run.
// For fibers and plain threads alike.

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/owned.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/detail/element.hpp>
#include <weft/sync/detail/select_op.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// A case knows its operation, and what to do when that was the one. It refers to the caller's channel and value, and so
// lives in the full expression of its select; `owned` is the same for longer.
template <class Case>
concept typed_case = requires(Case& c) {
  { c.operation() } -> std::same_as<select_op&>;
  c.complete();
  typename Case::owned;
};

struct nothing_to_do {
  void operator()() const noexcept {}
};

template <class T>
struct store_in {
  std::optional<T>& out;
  void operator()(std::optional<T> value) const {
    out.reset();
    if (value) out.emplace(std::move(*value));
  }
};

template <class T>
select_op channel_op(select_op::kind what, const channel<T>& ch, void* slot) noexcept {
  select_op op;
  op.core = channel_access::core(ch).get();
  op.what = op.core != nullptr ? what : select_op::kind::never;
  op.slot = slot;
  return op;
}

// Handle is const channel<T>&, or channel<T> in a case that is kept.
template <class T, class Handle, class Handler>
class recv_case {
 public:
  using owned = recv_case<T, channel<T>, Handler>;

  recv_case(const channel<T>& ch, Handler handler)
      : channel_(ch), handler_(std::move(handler)), operation_(channel_op(select_op::kind::receive, ch, in_.slot())) {}
  explicit recv_case(recv_case<T, const channel<T>&, Handler>&& from)
      : recv_case(from.channel_, std::move(from.handler_)) {}
  recv_case(const recv_case&) = delete;
  recv_case& operator=(const recv_case&) = delete;

  select_op& operation() noexcept { return operation_; }
  void complete() { detail::invoke(handler_, operation_.status == channel_status::ok ? in_.take() : std::nullopt); }

 private:
  template <class, class, class>
  friend class recv_case;

  Handle channel_;
  Handler handler_;
  incoming<T> in_;
  select_op operation_;
};

// Out is outgoing<T> or outgoing_copy<T>, or outgoing_own<T> in a case that is kept.
template <class T, class Handle, class Out, class Handler>
class send_case {
 public:
  using owned = send_case<T, channel<T>, outgoing_own<T>, Handler>;

  template <class Value>
  send_case(const channel<T>& ch, Value&& value, Handler handler)
      : channel_(ch),
        out_(std::forward<Value>(value)),
        handler_(std::move(handler)),
        operation_(channel_op(select_op::kind::send, channel_, out_.slot())) {}
  template <class From>
  explicit send_case(send_case<T, const channel<T>&, From, Handler>&& from)
      : send_case(from.channel_, std::move(*static_cast<element<T>*>(from.out_.slot())), std::move(from.handler_)) {}
  send_case(const send_case&) = delete;
  send_case& operator=(const send_case&) = delete;

  select_op& operation() noexcept { return operation_; }
  void complete() {
    if (operation_.status == channel_status::closed) throw_sent_on_closed();
    operation_.what = select_op::kind::never;
    detail::invoke(handler_);
  }

 private:
  template <class, class, class, class>
  friend class send_case;

  Handle channel_;
  Out out_;
  Handler handler_;
  select_op operation_;
};

template <class Handler>
class timeless_case {
 public:
  using owned = timeless_case;

  timeless_case(select_op::kind what, std::chrono::nanoseconds duration, Handler handler)
      : handler_(std::move(handler)) {
    operation_.what = what;
    operation_.duration = duration;
  }

  select_op& operation() noexcept { return operation_; }
  void complete() { detail::invoke(handler_); }

 private:
  Handler handler_;
  select_op operation_;
};

}  // namespace detail

// The handler is called with std::optional<T>: the value, or nullopt if the channel is closed and drained.
template <class T, class Handler>
  requires(std::invocable<std::decay_t<Handler>&, std::optional<T>>)
[[nodiscard]] auto recv(const channel<T>& ch, Handler&& handler) {
  return detail::recv_case<T, const channel<T>&, std::decay_t<Handler>>(ch, std::forward<Handler>(handler));
}

template <class T, class Handler>
  requires(!std::invocable<std::decay_t<Handler>&, std::optional<T>> && !std::is_same_v<Handler, std::optional<T>&>)
void recv(const channel<T>&, Handler&&) = delete;  // weft::recv: the handler takes std::optional<T>: empty when closed

template <class T>
[[nodiscard]] auto recv(const channel<T>& ch, std::optional<T>& out) {
  return detail::recv_case<T, const channel<T>&, detail::store_in<T>>(ch, detail::store_in<T>{out});
}

// An rvalue is moved from only if this case runs; an lvalue is copied, and so is a const one.
template <class T, class Handler = detail::nothing_to_do>
  requires(std::invocable<std::decay_t<Handler>&>)
[[nodiscard]] auto send(const channel<T>& ch, const std::type_identity_t<T>& value, Handler&& handler = {}) {
  return detail::send_case<T, const channel<T>&, detail::outgoing_copy<T>, std::decay_t<Handler>>(
      ch, value, std::forward<Handler>(handler));
}

template <class T, class Handler = detail::nothing_to_do>
  requires(std::invocable<std::decay_t<Handler>&>)
[[nodiscard]] auto send(const channel<T>& ch, std::type_identity_t<T>&& value, Handler&& handler = {}) {
  return detail::send_case<T, const channel<T>&, detail::outgoing<T>, std::decay_t<Handler>>(
      ch, value, std::forward<Handler>(handler));
}

// Ready once nothing else has been for this long, counted from the call of select. Of several the shortest counts.
template <class Rep, class Period, class Handler = detail::nothing_to_do>
  requires(std::invocable<std::decay_t<Handler>&>)
[[nodiscard]] auto after(std::chrono::duration<Rep, Period> d, Handler&& handler = {}) {
  const std::chrono::nanoseconds rounded(deadline::after(deadline::from_nanoseconds(0), d).nanoseconds());
  return detail::timeless_case<std::decay_t<Handler>>(detail::select_op::kind::after, rounded,
                                                      std::forward<Handler>(handler));
}

// Ready if nothing else is.
template <class Handler = detail::nothing_to_do>
  requires(std::invocable<std::decay_t<Handler>&>)
[[nodiscard]] auto otherwise(Handler&& handler = {}) {
  return detail::timeless_case<std::decay_t<Handler>>(detail::select_op::kind::otherwise, {},
                                                      std::forward<Handler>(handler));
}

template <class T, class Handler>
  requires(!std::invocable<std::decay_t<Handler>&>)
void send(const channel<T>&, const std::type_identity_t<T>&, Handler&&) = delete;  // weft::send: it takes no arguments
template <class Rep, class Period, class Handler>
  requires(!std::invocable<std::decay_t<Handler>&>)
void after(std::chrono::duration<Rep, Period>, Handler&&) = delete;  // weft::after: the handler takes no arguments
template <class Handler>
  requires(!std::invocable<std::decay_t<Handler>&>)
void otherwise(Handler&&) = delete;  // weft::otherwise: the handler takes no arguments

// A case that can be kept: in a vector, for a number of cases known at run time. It owns a handle of its channel, the
// value to send and the handler; a std::optional to receive into it refers to. It may be used in one select after the
// other, not in two at once; a send case sends its value once, and is never ready after that.
class select_case {
 public:
  template <detail::typed_case Case>
  select_case(Case&& made) : held_(new holding<Case>(std::move(made))) {}

 private:
  friend std::size_t select(std::span<select_case> cases);

  struct holder {
    virtual ~holder() = default;
    virtual detail::select_op& operation() noexcept = 0;
    virtual void complete() = 0;
  };
  template <class Case>
  struct holding final : holder {
    explicit holding(Case&& made) : held(std::move(made)) {}
    detail::select_op& operation() noexcept override { return held.operation(); }
    void complete() override { held.complete(); }
    typename Case::owned held;
  };

  detail::owned<holder> held_;
};

std::size_t select(std::span<select_case> cases);

template <detail::typed_case... Cases>
  requires(sizeof...(Cases) > 0)
std::size_t select(Cases&&... cases) {
  detail::select_op* const ops[] = {&cases.operation()...};
  const std::size_t ran = detail::select_ops(ops);
  std::size_t index = 0;
  ((index++ == ran ? cases.complete() : void()), ...);
  return ran;
}

std::size_t select() = delete;  // weft::select: without a case it would wait for ever
template <class... Cases>
  requires((detail::typed_case<std::remove_reference_t<Cases>> || ...) && !(detail::typed_case<Cases> && ...))
std::size_t select(Cases&&...)
= delete;  // weft::select: only recv(), send(), after(), otherwise() in it; select_case

}  // namespace weft

#pragma GCC visibility pop
