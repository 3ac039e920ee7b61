#pragma once
// std_shim, interpose: the way of a call that moves bytes, waits for descriptors, sleeps or looks something up: into
// weft::posix where its fiber may park, else on to libc. A fiber that parked in it comes back on its own thread, and a
// call that succeeded leaves errno as it was, whatever others of this thread did meanwhile. Outside a fiber libc's own
// function is called with nothing around it, so that pthread_cancel works there as ever: nothing here is noexcept that
// libc's is not.
//
//   WEFT_INTERPOSE=migrate    fibers that wait in these calls may come back on another thread: for a program whose
//                             libraries keep nothing of their thread over a wait. Who holds a lock stays in any case.
// Next: ground.hpp, where a call may park.

#include <cerrno>
#include <optional>
#include <type_traits>

#include <weft/posix.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/pin_guard.hpp>

#include "ground.hpp"
#include "last_error.hpp"

namespace weft::interpose {

extern bool g_migrates;   // constant after the start
extern bool g_has_begun;  // the start is over

// Who closes a number tells those who wait there. Not in the child of a fork, where locks may be held by threads that
// are not there; not on libweft's own account, where somebody else keeps the books; and not before the start: nobody
// waits yet, and an allocator that closes a file as it begins must not be sent to the loader, which asks it for memory.
[[nodiscard]] inline bool closes_in_silence(const void* caller) noexcept {
  return !g_has_begun || is_forked_child() || is_ours(caller);
}

class on_one_thread {
 public:
  on_one_thread() noexcept {
    if (!g_migrates) pin_.emplace();
  }

 private:
  std::optional<pin_guard> pin_;
};

template <class Result>
[[nodiscard]] bool has_succeeded(Result result) noexcept {
  if constexpr (std::is_pointer_v<Result>)
    return result != nullptr;
  else if constexpr (std::is_unsigned_v<Result>)  // sleep: what was left of it
    return result == 0;
  else
    return result >= 0;
}

template <class Ours, class Libcs, class... Arguments>
auto pass(taken which, const void* caller, Ours ours, Libcs libcs, Arguments... arguments) {
  if (look_around(which, caller) != ground::may_park) return libcs(arguments...);
  const on_one_thread stays;
  const int before = last_error();
  const auto result = ours(arguments...);
  if (has_succeeded(result)) set_error(before);
  return result;
}

// The whole of libc's call on a helper thread, for what waits inside of libc. Once begun it is waited for; a fiber that
// was asked to end before gets -1 or null, and ECANCELED. With no helper to be had it really blocks.
template <class Libcs, class... Arguments>
auto pass_to_helper(taken which, const void* caller, Libcs libcs, Arguments... arguments) {
  if (look_around(which, caller) != ground::may_park) return libcs(arguments...);
  using answer = decltype(libcs(arguments...));
  struct {
    answer result;
    int error, host_error;
  } got{};
  const on_one_thread stays;
  const int before = last_error();
  try {
    weft::blocking([&] {
      set_error(before);
      got.result = libcs(arguments...);
      got.error = last_error();
      got.host_error = last_host_error();
    });
  } catch (const weft::cancelled&) {
    set_error(ECANCELED);
    if constexpr (std::is_pointer_v<answer>)
      return answer(nullptr);
    else
      return answer(-1);
  } catch (...) {
    return libcs(arguments...);
  }
  set_error(got.error);
  set_host_error(got.host_error);
  return got.result;
}

}  // namespace weft::interpose
