#pragma once
// Room: posix. A real call on a helper thread, its errno brought back to the caller's.

#include <cerrno>
#include <exception>
#include <type_traits>

#include <weft/posix.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>

#include "patience.hpp"

namespace weft::posix {

// `call` returns as libc's do, below 0 or null with errno set. ECANCELED if the fiber is asked to end before it begins;
// once begun it is waited for. In the handler of a signal it is called in place.
template <class Call>
auto off_worker(Call call) noexcept {
  struct answer {
    decltype(call()) result;
    int error;
  };
  if (is_in_handler()) return call();
  try {
    const answer got = weft::blocking([&] {
      set_error(0);
      const auto result = call();
      return answer{result, last_error()};
    });
    if (got.error != 0) set_error(got.error);
    return got.result;
  } catch (const weft::cancelled&) {
    set_error(ECANCELED);
  } catch (const std::exception&) {
    set_error(EAGAIN);  // no thread to run it on
  }
  if constexpr (std::is_pointer_v<decltype(call())>)
    return decltype(call())(nullptr);
  else
    return decltype(call())(-1);
}

}  // namespace weft::posix
