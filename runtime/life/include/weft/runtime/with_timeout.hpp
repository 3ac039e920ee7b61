#pragma once
// Room: runtime. Time limits for whatever waits.
//
//   auto page = weft::with_timeout(2s, [&] { return fetch(url); });       // throws weft::timed_out
//   auto maybe = weft::try_with_timeout(2s, [&] { return fetch(url); });  // std::optional; of a void function, bool
//   weft::with_deadline(started + 5s, [&] { ... });                      // a point in time, of any clock
//
// f runs on the calling fiber, in a scope of its own. Once the limit is over every cancellation point in it throws
// weft::cancelled until the scope ends, and a wait under way ends so; the layer that set the limit makes of it
// weft::timed_out, nullopt or false. What f returns is returned, also if the limit has passed meanwhile; any other
// exception passes. A limit of zero, or in the past: f runs to its first cancellation point.
//
// They nest, in any order of limits, and each is told by its own layer: if the outer limit is over `cancelled` passes
// through the inner one. So does a cancellation from outside. weft::shield in f holds back this limit like every other
// cancellation; a limit inside a shield holds within it, and so does one in a destructor that an exception runs.
// A limit stops nothing that does not wait: f that computes, or sits in weft::blocking, is met at its next cancellation
// point. A std::stop_token does not hear of it. A task group made in f, and its members, are under the limit, too; what
// go and spawn start is not.
//
// A point on another clock than the steady one becomes a limit once, by how far off it is when the call begins: what f
// waits for has one limit, and members of groups carry it with them. Set that clock, and the limit does not follow.
//
// On a plain thread, which nothing cancels: std::logic_error. Two atomic operations and at most two looks at the clock;
// no timer but that of each wait.
// Next: task_group.hpp.

#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/cancel_scope.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/wait_limit.hpp>

#pragma GCC visibility push(default)

namespace weft {

// A time limit is over. code() is std::errc::timed_out.
class timed_out : public std::system_error {
 public:
  explicit timed_out(const std::string& what);
};

namespace detail {

// nanoseconds::max(): the limit was a point in time.
[[noreturn]] void throw_timed_out(const char* call, std::chrono::nanoseconds limit);

template <class Rep, class Period>
std::chrono::nanoseconds limit_shown(std::chrono::duration<Rep, Period> d) noexcept {
  // As deadline saturates: what is as far off as that never comes.
  return std::chrono::nanoseconds(deadline::after(deadline::from_nanoseconds(0), d).nanoseconds());
}

// False: the limit is over, and it was this one.
template <class F, class Take>
bool call_limited(deadline until, const char* call, F& f, Take take) {
  time_limit limit(until, call);
  try {
    take(f);
    return true;
  } catch (const cancelled&) {
    if (!limit.has_ended_it()) throw;
    return false;
  }
}

template <class F>
std::invoke_result_t<F&> run_limited(deadline until, const char* call, std::chrono::nanoseconds told, F& f) {
  time_limit limit(until, call);
  try {
    return f();
  } catch (const cancelled&) {
    if (!limit.has_ended_it()) throw;
  }
  throw_timed_out(call, told);
}

template <class F>
using tried = std::conditional_t<std::is_void_v<std::invoke_result_t<F&>>, bool,
                                 std::optional<std::remove_cvref_t<std::invoke_result_t<F&>>>>;

template <class F>
tried<F> try_limited(deadline until, const char* call, F& f) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    return call_limited(until, call, f, [](F& g) { g(); });
  } else {
    tried<F> result;
    if (!call_limited(until, call, f, [&result](F& g) { result.emplace(g()); })) result.reset();
    return result;
  }
}

}  // namespace detail

template <class Rep, class Period, class F>
std::invoke_result_t<F&> with_timeout(std::chrono::duration<Rep, Period> limit, F&& f) {
  return detail::run_limited(detail::limit(limit), "with_timeout", detail::limit_shown(limit), f);
}

template <class Clock, class Duration, class F>
std::invoke_result_t<F&> with_deadline(std::chrono::time_point<Clock, Duration> until, F&& f) {
  return detail::run_limited(detail::limit(until), "with_deadline", std::chrono::nanoseconds::max(), f);
}

// A reference that f returns is copied from.
template <class Rep, class Period, class F>
detail::tried<F> try_with_timeout(std::chrono::duration<Rep, Period> limit, F&& f) {
  return detail::try_limited(detail::limit(limit), "try_with_timeout", f);
}

template <class Clock, class Duration, class F>
detail::tried<F> try_with_deadline(std::chrono::time_point<Clock, Duration> until, F&& f) {
  return detail::try_limited(detail::limit(until), "try_with_deadline", f);
}

}  // namespace weft

#pragma GCC visibility pop
