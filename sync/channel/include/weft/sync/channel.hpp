#pragma once
// Room: sync. Channels, as Go's: how fibers, and plain threads, hand values to each other. This is the typed face; the
// protocol "Handing over" is told in detail/channel_core.hpp. Next: select.hpp.

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/detail/wait_limit.hpp>
#include <weft/sync/channel_status.hpp>
#include <weft/sync/detail/channel_core.hpp>
#include <weft/sync/detail/element.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {
struct channel_access;
}

// A cheap shared handle: copies name the same channel, members are const, the channel dies with its last handle. Any
// number of fibers and plain threads may use it at once, each through a handle of its own or one that outlives the
// call.
//
//   weft::channel<int> ch;                                 // unbuffered; channel<int> ch(128) buffers 128
//   weft::go([ch] { ch.send(1); ch.close(); });
//   for (int v : ch) std::cout << v << '\n';               // ends when closed and drained
//
// Unbuffered, a send ends when a receiver has the value. Values come out in the order in which the sends took effect;
// waiters are served in the order in which they came, one for each value.
// send, recv, their timed forms and the iteration are cancellation points; the try_ forms and close are not even switch
// points. A cancelled or timed-out operation has not taken effect; one that took effect returns so.
// A closed channel refuses sends and gives out what it holds, then says so.
// A null handle (nullptr, or moved from): using it throws std::logic_error; in a select it is never ready.
//
// T is movable, and may be incomplete where a channel<T> is only named (so it may hold one). No code of T runs under
// the channel's lock but moves that cannot throw (and the end of what was moved from); a T whose move may throw travels
// in a box on the heap. A value is moved from only if it was sent. An exception of T's move on the receiving side
// leaves recv, and that value is lost.
template <class T>
class channel {
  static_assert(std::is_object_v<T> && !std::is_array_v<T> && std::is_same_v<T, std::remove_cv_t<T>>,
                "weft::channel carries values: no references, arrays, const or void; carry a pointer, or a struct");

 public:
  using value_type = T;
  class iterator;

  channel() : channel(std::size_t{0}) {}
  // Room for `capacity` values before a send waits. Throws std::length_error, std::bad_alloc.
  explicit channel(std::size_t capacity)
      : core_(std::make_shared<detail::channel_core>(detail::element_ops_of<detail::element<T>>::value, capacity)) {
    static_assert(std::is_move_constructible_v<T>,
                  "weft::channel moves its values: carry a std::unique_ptr to one that cannot be moved");
    static_assert(detail::travels_bare<T> || std::is_move_assignable_v<T>,
                  "weft::channel puts a value whose move may throw back by move assignment when a send fails");
  }
  // A template, so that channel<int>(0) is a capacity.
  template <std::same_as<std::nullptr_t> Null>
  constexpr channel(Null) noexcept {}

  // Throws channel_closed if the channel is closed, also while it waits.
  void send(const T& value) const { must_be_ok(send_within(value, deadline::never())); }
  void send(T&& value) const { must_be_ok(send_within(std::move(value), deadline::never())); }

  // ok, full or closed.
  [[nodiscard]] channel_status try_send(const T& value) const {
    detail::outgoing_copy<T> out(value);
    return core("try_send").try_run(detail::direction::send, out.slot());
  }
  [[nodiscard]] channel_status try_send(T&& value) const {
    detail::outgoing<T> out(value);
    return core("try_send").try_run(detail::direction::send, out.slot());
  }

  // ok, closed or timeout. A value that can go at once goes, also if the limit has passed.
  template <class Rep, class Period>
  [[nodiscard]] channel_status send_for(const T& value, std::chrono::duration<Rep, Period> d) const {
    return send_within(value, detail::limit(d));
  }
  template <class Rep, class Period>
  [[nodiscard]] channel_status send_for(T&& value, std::chrono::duration<Rep, Period> d) const {
    return send_within(std::move(value), detail::limit(d));
  }
  template <class Clock, class Duration>
  [[nodiscard]] channel_status send_until(const T& value, std::chrono::time_point<Clock, Duration> t) const {
    return by(t, [&](deadline until) { return send_within(value, until); });
  }
  template <class Clock, class Duration>
  [[nodiscard]] channel_status send_until(T&& value, std::chrono::time_point<Clock, Duration> t) const {
    return by(t, [&](deadline until) { return send_within(std::move(value), until); });
  }

  // Empty when the channel is closed and drained.
  std::optional<T> recv() const {
    detail::incoming<T> in;
    if (core("recv").template receive<k_bytes>(in.slot(), deadline::never()) != channel_status::ok) return std::nullopt;
    return in.take();
  }

  // ok, empty or closed; Out is T or std::optional<T>. A T stays as it was unless ok, an optional is empty unless ok.
  template <class Out>
    requires std::same_as<Out, T> || std::same_as<Out, std::optional<T>>
  [[nodiscard]] channel_status try_recv(Out& out) const {
    detail::incoming<T> in;
    return taken(in, core("try_recv").try_run(detail::direction::receive, in.slot()), out);
  }

  // ok, closed or timeout; `out` as in try_recv.
  template <class Out, class Rep, class Period>
    requires std::same_as<Out, T> || std::same_as<Out, std::optional<T>>
  [[nodiscard]] channel_status recv_for(Out& out, std::chrono::duration<Rep, Period> d) const {
    return recv_within(out, detail::limit(d));
  }
  template <class Out, class Clock, class Duration>
    requires std::same_as<Out, T> || std::same_as<Out, std::optional<T>>
  [[nodiscard]] channel_status recv_until(Out& out, std::chrono::time_point<Clock, Duration> t) const {
    return by(t, [&](deadline until) { return recv_within(out, until); });
  }

  // Everyone who waits is woken. Throws channel_closed if it is closed already.
  void close() const {
    if (!core("close").close()) detail::throw_closed_twice();
  }

  // How many values wait in the buffer just now, and for how many there is room.
  [[nodiscard]] std::size_t size() const { return core("size").size(); }
  [[nodiscard]] std::size_t capacity() const { return core("capacity").capacity(); }

  // A single-pass range: each step receives one value.
  [[nodiscard]] iterator begin() const { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  // Handles of the same channel; `ch == nullptr`.
  friend bool operator==(const channel&, const channel&) noexcept = default;

 private:
  friend struct detail::channel_access;
  static constexpr std::size_t k_bytes = detail::quick_bytes<detail::element<T>>;
  explicit channel(std::shared_ptr<detail::channel_core> core) noexcept : core_(std::move(core)) {}

  detail::channel_core& core(const char* call) const {
    if (core_ == nullptr) [[unlikely]]
      detail::throw_nil_channel(call);
    return *core_;
  }

  // A value that has not gone is where it was: it may be sent again.
  template <class Point, class Attempt>
  static channel_status by(const Point& t, Attempt attempt) {
    channel_status status = channel_status::timeout;
    static_cast<void>(
        detail::wait_by(t, [&](deadline until) { return (status = attempt(until)) != channel_status::timeout; }));
    return status;
  }
  channel_status send_within(const T& value, deadline until) const {
    detail::channel_core& to = core("send");
    detail::outgoing_copy<T> out(value);
    return to.send<k_bytes>(out.slot(), until);
  }
  channel_status send_within(T&& value, deadline until) const {
    detail::channel_core& to = core("send");
    detail::outgoing<T> out(value);
    return to.send<k_bytes>(out.slot(), until);
  }
  static void must_be_ok(channel_status status) {
    if (status == channel_status::closed) [[unlikely]]
      detail::throw_sent_on_closed();
  }

  template <class Out>
  channel_status recv_within(Out& out, deadline until) const {
    detail::incoming<T> in;
    return taken(in, core("recv").template receive<k_bytes>(in.slot(), until), out);
  }
  template <class Out>
  static channel_status taken(detail::incoming<T>& in, channel_status status, Out& out) {
    if (status == channel_status::ok)
      in.take_into(out);
    else if constexpr (std::same_as<Out, std::optional<T>>)
      out.reset();
    return status;
  }

  std::shared_ptr<detail::channel_core> core_;
};

template <class T>
class channel<T>::iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  T& operator*() const noexcept { return *value_; }
  iterator& operator++() {
    value_.reset();
    if (std::optional<T> next = source_.recv()) value_.emplace(std::move(*next));
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept { return !it.value_; }

 private:
  friend class channel;
  explicit iterator(channel source) : source_(std::move(source)), value_(source_.recv()) {}

  channel source_;
  mutable std::optional<T> value_;
};

namespace detail {

// For select, and for the rooms that feed a channel from elsewhere (std_shim's signals).
struct channel_access {
  template <class T>
  static channel<T> make(std::shared_ptr<channel_core> core) noexcept {
    return channel<T>(std::move(core));
  }
  template <class T>
  static const std::shared_ptr<channel_core>& core(const channel<T>& ch) noexcept {
    return ch.core_;
  }
};

}  // namespace detail

}  // namespace weft

#pragma GCC visibility pop
