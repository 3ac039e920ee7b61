#pragma once
// Room: async. One operation of Asio on the frame of who waits for it: its handler, its memory, its result, and how it
// is asked to end. The wait itself is pending_result.hpp's ("Bringing"). The handler is one reference to the frame; it
// is called or destroyed, once, on whatever thread, maybe before the initiating function has returned.
//
// Asking it to end (P3 there; Boost >= 1.77) is not safe from any thread: Asio's cancellation slots belong to the
// executor of the operation. So the request is dispatched to that, as one reference more, and the fiber waits for
// both. If the initiating function does not tell its executor (get_executor(), which all of Asio's own have), or there
// are no slots, the operation is waited for.
// Next: ../use_fiber.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 107700
#include <boost/asio/cancellation_signal.hpp>
#endif

#include <weft/async/detail/frame_memory.hpp>
#include <weft/async/detail/own_thread.hpp>
#include <weft/async/detail/pending_result.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/runtime/cancellation.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class T>
concept tells_executor = requires(const T& t) {
  typename T::executor_type;
  t.get_executor();
};

// All of it but the types of its result.
class asio_operation_core {
 public:
  asio_operation_core() noexcept : memory_(pending_) {}

  [[nodiscard]] frame_memory& memory() noexcept { return memory_; }
  // The handler was called, and the result is there; or it never will be.
  void let_go() noexcept { pending_.let_go(); }

#if BOOST_VERSION >= 107700
  [[nodiscard]] boost::asio::cancellation_slot slot() noexcept { return signal_.slot(); }

 protected:
  // A reference, on its way to the operation's executor.
  class request {
   public:
    explicit request(asio_operation_core& of) noexcept : of_(&of) {}
    request(request&& from) noexcept : of_(std::exchange(from.of_, nullptr)) {}
    request& operator=(request&&) = delete;
    ~request() {
      if (of_ != nullptr) of_->let_go();
    }
    void operator()() { of_->signal_.emit(boost::asio::cancellation_type::terminal); }

   private:
    asio_operation_core* of_;
  };

  template <class Executor>
  void ask_to_end(const Executor& its) noexcept {
    if (!pending_.refer()) return;
    try {
      boost::asio::dispatch(its, request(*this));
    } catch (...) {  // no memory to ask with: it is waited for
    }
  }
#else
 protected:
  template <class Executor>
  void ask_to_end(const Executor&) noexcept {}
#endif

  // P2, P3.
  template <class AskToEnd>
  void wait(AskToEnd ask) noexcept {
    if (pending_.wait("asio operation")) return;
    was_asked_ = true;
    ask();
    pending_.wait_out("asio operation, asked to end");
  }
  void wait_out() noexcept { pending_.wait_out("asio operation"); }

  // Before an error is told.
  void deliver_request() const {
    if (was_asked_) throw_cancelled();
    cancellation_point();  // "Ending together", cancellation.hpp
  }

 private:
  pending_result pending_;
  frame_memory memory_;
  bool was_asked_ = false;
#if BOOST_VERSION >= 107700
  boost::asio::cancellation_signal signal_;
#endif
};

template <class... Args>
class asio_operation;

template <class... Args>
class fiber_handler {
 public:
  explicit fiber_handler(asio_operation<Args...>& of) noexcept : of_(&of) {}
  fiber_handler(fiber_handler&& from) noexcept : of_(std::exchange(from.of_, nullptr)) {}
  fiber_handler& operator=(fiber_handler&&) = delete;
  ~fiber_handler() {
    if (of_ != nullptr) of_->let_go();
  }

  template <class... Given>
  void operator()(Given&&... given) {
    std::exchange(of_, nullptr)->complete(std::forward<Given>(given)...);
  }

  using allocator_type = frame_allocator<void>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(of_->memory()); }
#if BOOST_VERSION >= 107700
  using cancellation_slot_type = boost::asio::cancellation_slot;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return of_->slot(); }
#endif

 private:
  asio_operation<Args...>* of_;
};

// What is left of a result without its error: nothing, a value, or a tuple.
template <class Values>
struct bared {
  using type = Values;
};
template <>
struct bared<std::tuple<>> {
  using type = void;
};
template <class Value>
struct bared<std::tuple<Value>> {
  using type = Value;
};

template <class... Values>
typename bared<std::tuple<Values...>>::type bare(std::tuple<Values...>&& all) {
  if constexpr (sizeof...(Values) == 1)
    return std::get<0>(std::move(all));
  else if constexpr (sizeof...(Values) != 0)
    return std::move(all);
}

template <class First, class... Rest>
std::tuple<Rest...> without_first(std::tuple<First, Rest...>& all) {
  return std::apply([](First&, Rest&... rest) { return std::tuple<Rest...>(std::move(rest)...); }, all);
}

template <class First, class...>
inline constexpr bool begins_with_error =
    std::is_same_v<First, boost::system::error_code> || std::is_same_v<First, std::exception_ptr>;

template <bool HasError, class Values>
struct without_error {
  using type = Values;
};
template <class First, class... Rest>
struct without_error<true, std::tuple<First, Rest...>> {
  using type = std::tuple<Rest...>;
};

// Where an error goes: out by a throw, or into a code of the caller's.
struct error_is_thrown {
  void clear() const noexcept {}
  void tell(const boost::system::error_code& error) const {
    throw boost::system::system_error(error, "weft: use_fiber");
  }
};
template <class Code>
struct error_is_left {
  Code& to;
  void clear() const noexcept { to = Code(); }
  void tell(const boost::system::error_code& error) const noexcept { to = error; }
};

template <class... Args>
inline constexpr bool tells_error = begins_with_error<std::decay_t<Args>..., void>;

template <class... Args>
using values_of_operation = typename without_error<tells_error<Args...>, std::tuple<std::decay_t<Args>...>>::type;

// Names types, and looks into none: Asio asks it also for overloads that it then does not take (an async_accept whose
// first argument would be an executor), with results that nobody could move.
template <class... Args>
using result_of_operation = typename bared<values_of_operation<Args...>>::type;

template <class... Args>
class asio_operation : public asio_operation_core {
  using values = std::tuple<std::decay_t<Args>...>;
  using rest = values_of_operation<Args...>;
  static constexpr bool k_has_error = tells_error<Args...>;

 public:
  using result = result_of_operation<Args...>;

  // Begins it and waits until it is over.
  template <class Initiation, class... InitArgs>
  void run(Initiation&& initiation, InitArgs&&... args) {
    if constexpr (tells_executor<std::decay_t<Initiation>>) {
      const auto its = initiation.get_executor();
      refuse_own_thread(its, "use_fiber");
      begin(std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
      wait([&] { ask_to_end(its); });
    } else {
      begin(std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
      wait([] {});
    }
  }

  // After it; once.
  template <class Errors>
  result take(Errors errors) {
    errors.clear();
    if (thrown_) std::rethrow_exception(thrown_);
    if (!result_) return nothing_came(errors);
    if constexpr (k_has_error) {
      tell(std::get<0>(*result_), errors);
      return bare(without_first(*result_));
    } else {
      return bare(std::move(*result_));
    }
  }

  // The handler.
  template <class... Given>
  void complete(Given&&... given) noexcept {
    try {
      result_.emplace(std::forward<Given>(given)...);
    } catch (...) {
      thrown_ = std::current_exception();
    }
    let_go();
  }

 private:
  template <class Initiation, class... InitArgs>
  void begin(Initiation&& initiation, InitArgs&&... args) {
    cancellation_point();
    try {
      std::forward<Initiation>(initiation)(fiber_handler<Args...>(*this), std::forward<InitArgs>(args)...);
    } catch (...) {
      wait_out();  // the handler is gone, or somewhere
      throw;
    }
  }

  template <class Errors>
  void tell(const boost::system::error_code& error, const Errors& errors) const {
    if (!error) return;
    deliver_request();
    errors.tell(error);
  }
  template <class Errors>
  void tell(const std::exception_ptr& error, const Errors&) const {
    if (error == nullptr) return;
    deliver_request();
    rethrow_of_another(error, "use_fiber");
  }

  // The handler was destroyed, and never called.
  template <class Errors>
  result nothing_came(const Errors& errors) const {
    deliver_request();
    if constexpr (std::is_default_constructible_v<rest>) {
      errors.tell(boost::asio::error::operation_aborted);
      return bare(rest());
    } else {
      throw boost::system::system_error(boost::asio::error::operation_aborted, "weft: use_fiber");
    }
  }

  std::optional<values> result_;
  std::exception_ptr thrown_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
