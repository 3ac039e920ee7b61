#pragma once
// Room: netpoll. From one stream to another, until the first one ends: what a proxy is made of.
//
//   std::uint64_t bytes = net::copy(from, to);       // returns at the end of `from`; `to` stays open for writing
//
//   void serve(net::tcp_stream client) {             // a proxy
//     auto server = net::dial("[::1]:8080");
//     std::error_code ec;                            // why it ended before both had said all that they had to
//     const auto [sent, answered] = net::copy_both(client, server, ec);
//   }
//
// `from` and `to` are streams of any kinds: TCP, pipe, any_stream, a buffered_stream with what it has read ahead.
// Between two sockets, also inside an any_stream, what comes in bulk is spliced: the system moves it by way of a pipe,
// and it does not pass through this process. Otherwise it passes through a buffer that is borrowed as by read_chunk().
// While a copy waits for its source it holds neither buffer nor pipe.
//
// It is as a loop of read_chunk() and write_all(): each read and each write takes its turn, and waits by its stream's
// deadlines (byte_stream.hpp), which end it with std::errc::timed_out; close() of the stream that it waits for, from
// another fiber, with std::errc::operation_canceled. That `to` was closed while it waits for `from` it notices at the
// next byte. It is a cancellation point.
// The plain forms throw std::system_error. Those with an error_code set it, or clear it, and say how many bytes `to`
// has taken by then. What had been read by then and could not be written is lost: 1 MiB at most.
//
// copy_both copies in both directions at once, in a fiber of its own for each. Each direction's end is passed on: the
// other stream's shutdown_write. It returns when both have ended. The first error of one direction ends the other one
// as well, and is what the call says, also if it was the end that could not be passed on (a TLS stream whose peer does
// not read, until its write deadline); cancelling the caller ends both. It closes nothing: that is done by who owns the
// streams, which may be used again when it returns.
// Next: byte_stream.hpp, chunk.hpp.

#include <concepts>
#include <cstdint>
#include <system_error>

#include <weft/netpoll/any_stream.hpp>

#pragma GCC visibility push(default)

namespace weft::net {

// Bytes from the first stream to the second, and back.
struct copied_both {
  std::uint64_t forth = 0;
  std::uint64_t back = 0;
};

namespace detail {

std::uint64_t copy_streams(stream_behind& from, stream_behind& to, std::error_code& ec);
copied_both copy_streams_both(stream_behind& a, stream_behind& b, std::error_code& ec);
[[noreturn]] void fail_copy(const std::error_code& ec, const char* call);

}  // namespace detail

template <class From, class To>
  requires(std::derived_from<From, byte_stream<From>>&& std::derived_from<To, byte_stream<To>>)
std::uint64_t copy(From& from, To& to, std::error_code& ec) {
  detail::held_stream<From&> source(from);
  detail::held_stream<To&> sink(to);
  return detail::copy_streams(source, sink, ec);
}

template <class From, class To>
  requires(std::derived_from<From, byte_stream<From>>&& std::derived_from<To, byte_stream<To>>)
std::uint64_t copy(From& from, To& to) {
  std::error_code ec;
  const std::uint64_t copied = net::copy(from, to, ec);
  if (ec) detail::fail_copy(ec, "copy");
  return copied;
}

template <class A, class B>
  requires(std::derived_from<A, byte_stream<A>>&& std::derived_from<B, byte_stream<B>>)
copied_both copy_both(A& a, B& b, std::error_code& ec) {
  detail::held_stream<A&> first(a);
  detail::held_stream<B&> second(b);
  return detail::copy_streams_both(first, second, ec);
}

template <class A, class B>
  requires(std::derived_from<A, byte_stream<A>>&& std::derived_from<B, byte_stream<B>>)
copied_both copy_both(A& a, B& b) {
  std::error_code ec;
  const copied_both copied = net::copy_both(a, b, ec);
  if (ec) detail::fail_copy(ec, "copy_both");
  return copied;
}

}  // namespace weft::net

#pragma GCC visibility pop
