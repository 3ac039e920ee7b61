#pragma once
// Room: std_shim. Trying again what failed, with pauses that grow and are drawn, so that those who failed together do
// not come back together.
// Next: weft.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/functional.hpp>

#pragma GCC visibility push(default)

namespace weft {

struct retry_options {
  std::size_t attempts = 5;                           // calls in all, the first included; 0: until it succeeds
  std::chrono::nanoseconds first_pause{100'000'000};  // at most; 0 or less: no pauses
  double factor = 2;  // by which each pause may be longer than the one before; at least 1
  std::chrono::nanoseconds longest_pause{10'000'000'000};  // whatever the factor says
  bool jitter = true;                                      // each is drawn between 0 and that; false: it is that
};

namespace detail {

// The pauses of one retry.
class retry_pauses {
 public:
  // Throws std::invalid_argument: a factor that is less than 1, or no number.
  explicit retry_pauses(const retry_options& options);

  // Whether there is a further attempt. Not after a request to end has been thrown.
  [[nodiscard]] bool allow_another() noexcept;
  // Parks, or blocks a plain thread. A cancellation point.
  void pause();

 private:
  retry_options options_;
  std::size_t made_ = 0;
  double length_;  // of the next pause, in nanoseconds
};

struct always {
  template <class Exception>
  constexpr bool operator()(const Exception&) const noexcept {
    return true;
  }
};

}  // namespace detail

// Calls f until it returns, and returns what it does; after the last attempt, what f threw then.
//
//   auto conn = weft::retry({.attempts = 8}, [&] { return weft::net::dial(address, {.timeout = 1s}); });
//   auto row = weft::retry<db::conflict>({}, [&] { return store.update(key); });
//   auto page = weft::retry<std::system_error>({}, fetch, [](const std::system_error& why) {
//     return why.code() == std::errc::connection_refused;
//   });
//
// Tried again are exceptions of the type that is named (std::exception, if none is) for which `when`, if it is there,
// says true. Others pass at once, and so does weft::cancelled: who is asked to end does not try again. A pause is a
// cancellation point, and a time limit around the whole (with_timeout) ends it. For a fiber the pauses are those of
// this_fiber::sleep_for, also under simulation; a plain thread sleeps.
// Throws std::invalid_argument before the first call: a factor that is less than 1.
template <class Exception = std::exception, class F, class When = detail::always>
  requires std::is_invocable_v<F&> && std::is_invocable_r_v<bool, When&, const Exception&> std::invoke_result_t<F&>
  retry(const retry_options& options, F f, When when = {}) {
    detail::retry_pauses pauses(options);
    for (;;) {
      try {
        return detail::invoke(f);
      } catch (const cancelled&) {
        throw;
      } catch (const Exception& failure) {
        if (!pauses.allow_another() || !when(failure)) throw;
      }
      pauses.pause();
    }
  }

}  // namespace weft

#pragma GCC visibility pop
