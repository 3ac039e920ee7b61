#pragma once
// Room: async. Who waits for an io_context on the thread that runs it, or in a strand for that strand, waits for
// himself, as far as can be told.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <type_traits>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <weft/async/detail/results.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Executor>
inline constexpr bool is_strand = false;
template <class Inner>
inline constexpr bool is_strand<boost::asio::strand<Inner>> = true;

// Throws std::system_error(resource_deadlock_would_occur). Fibers that share a thread are one to Asio: of an
// io_context only a plain thread can be told.
template <class Executor>
void refuse_own_thread(const Executor& of, const char* call) {
  using io_executor = boost::asio::io_context::executor_type;
  if constexpr (std::is_same_v<Executor, io_executor>) {
    if (!on_fiber() && of.running_in_this_thread()) throw_own_thread(call, "the thread that runs the io_context");
  } else if constexpr (is_strand<Executor>) {
    if (of.running_in_this_thread()) throw_own_thread(call, "a handler of the strand");
  } else if constexpr (std::is_same_v<Executor, boost::asio::any_io_executor>) {
    using boost::asio::strand;
    if (const auto* const io = of.template target<io_executor>()) return refuse_own_thread(*io, call);
    if (const auto* const one = of.template target<strand<io_executor>>()) return refuse_own_thread(*one, call);
    if (const auto* const any = of.template target<strand<Executor>>()) return refuse_own_thread(*any, call);
  }
}

}  // namespace weft::detail

#pragma GCC visibility pop
