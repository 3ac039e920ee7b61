#pragma once
// Room: async. Asio's operations in blocking style: a completion token that parks the fiber.
//
//   asio::steady_timer timer(io, 10ms);                     // io.run() is called by a thread, or several, somewhere
//   timer.async_wait(weft::use_fiber);                      // parks the fiber; throws boost::system::system_error
//   boost::system::error_code ec;
//   std::size_t n = socket.async_read_some(asio::buffer(data), weft::use_fiber[ec]);   // an error is left in ec
//
//   auto peer = weft::use_fiber_t::as_default_on(asio::ip::tcp::socket(io));
//   n = peer.async_read_some(asio::buffer(data));           // use_fiber is its default
//
// Part of <weft/asio.hpp>. With any operation that takes a completion token: a socket's, a timer's, asio::async_read,
// asio::co_spawn, Beast's, your own. What it returns is what the handler would get, without its error: nothing, a
// value, or a std::tuple of several. An error in front (error_code, or exception_ptr) is thrown; use_fiber[ec], with a
// boost::system::error_code or a std::error_code, leaves an error_code there, and returns the values that came with it.
// An exception_ptr is thrown in either case.
//
// The fiber parks; a plain thread blocks. The handler runs where the operation says, on a thread of the io_context as a
// rule, and does no more there than wake the fiber. So use_fiber on a plain thread that runs the io_context itself, and
// in a handler of the strand whose operation it is, is refused: std::system_error(resource_deadlock_would_occur). (An
// io_context that is run in a fiber cannot be told: do not wait for it in its own handlers.)
// Its associated executor is the operation's own, its allocator has room on the fiber's stack for what the operation
// needs most often.
//
// Cancellation: a cancellation point as it begins, and before an error is told. A fiber that is asked to end while it
// waits, or whose time limit (weft::with_timeout) is over, has the operation cancelled (cancellation_type::terminal,
// through Asio's cancellation slots, which there are from Boost 1.77 on; dispatched to the executor of the operation,
// as Asio asks for) and waits until it is over: the operation may be using what stands on its stack. If the operation
// has been cancelled, or has failed, weft::cancelled is thrown; if it has succeeded, that is told.
// As for every cancellation slot, what several threads run belongs in a strand: on an io_context with many threads give
// the object one (asio::ip::tcp::socket(asio::make_strand(io))).
// An operation that heeds no slot, one whose initiating function does not tell its executor (an initiation of your own
// without get_executor(), and what stands in bind_executor, in some versions), and any operation before Boost 1.77, is
// waited for, also by the end of the runtime: close its socket, or stop its timer, to end it.
// A handler that is destroyed without having been called, as when the io_context goes, is
// boost::asio::error::operation_aborted.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <concepts>
#include <system_error>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <weft/async/detail/asio_operation.hpp>

#pragma GCC visibility push(default)

namespace weft {

// use_fiber[ec].
template <class Code>
class use_fiber_into {
 public:
  explicit constexpr use_fiber_into(Code& to) noexcept : to_(&to) {}
  [[nodiscard]] Code& code() const noexcept { return *to_; }

 private:
  Code* to_;
};

namespace detail {
template <class Other, class Inner, class Self>
concept other_executor_of =
    !std::same_as<Other, Self> && !std::same_as<Other, Inner> && std::convertible_to<Other, Inner>;
}

class use_fiber_t {
 public:
  constexpr use_fiber_t() noexcept = default;

  constexpr auto operator[](boost::system::error_code& ec) const noexcept {
    return use_fiber_into<boost::system::error_code>(ec);
  }
  constexpr auto operator[](std::error_code& ec) const noexcept { return use_fiber_into<std::error_code>(ec); }

  // An executor whose I/O objects have use_fiber for their default.
  template <class Inner>
  struct executor_with_default : Inner {
    using default_completion_token_type = use_fiber_t;

    executor_with_default(const Inner& from) noexcept : Inner(from) {}  // NOLINT: as Asio's own
    template <detail::other_executor_of<Inner, executor_with_default> Other>
    executor_with_default(const Other& from) noexcept : Inner(from) {}  // NOLINT: as Asio's own
  };

  template <class Object>
  using as_default_on_t =
      typename Object::template rebind_executor<executor_with_default<typename Object::executor_type>>::other;

  // The same I/O object, with use_fiber for its default.
  template <class Object>
  [[nodiscard]] static as_default_on_t<std::decay_t<Object>> as_default_on(Object&& object) {
    return as_default_on_t<std::decay_t<Object>>(std::forward<Object>(object));
  }
};

inline constexpr use_fiber_t use_fiber;

}  // namespace weft

namespace boost::asio {

template <class R, class... Args>
class async_result<weft::use_fiber_t, R(Args...)> {
 public:
  using return_type = weft::detail::result_of_operation<Args...>;

  template <class Initiation, class... InitArgs>
  static return_type initiate(Initiation&& initiation, weft::use_fiber_t, InitArgs&&... args) {
    weft::detail::asio_operation<Args...> operation;
    operation.run(std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
    return operation.take(weft::detail::error_is_thrown());
  }
};

template <class Code, class R, class... Args>
class async_result<weft::use_fiber_into<Code>, R(Args...)> {
 public:
  using return_type = weft::detail::result_of_operation<Args...>;

  template <class Initiation, class... InitArgs>
  static return_type initiate(Initiation&& initiation, weft::use_fiber_into<Code> into, InitArgs&&... args) {
    weft::detail::asio_operation<Args...> operation;
    operation.run(std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
    return operation.take(weft::detail::error_is_left<Code>{into.code()});
  }
};

}  // namespace boost::asio

#pragma GCC visibility pop
