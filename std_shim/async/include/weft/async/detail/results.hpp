#pragma once
// Room: async. How a result passes from one who was running to one who waits.

#include <exception>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/outcome.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Throws what another has left. weft::cancelled asked the one who met it to end; who only waits for him is told so by
// throw_ended(), unless he was asked, too.
[[noreturn]] void rethrow_of_another(const std::exception_ptr& thrown, const char* call);

// std::system_error(operation_canceled): whoever was to bring a result was asked to end.
[[noreturn]] void throw_ended(const char* call);

// std::system_error(resource_deadlock_would_occur): `call` on `place` ("a handler of the strand"), which is to bring
// it.
[[noreturn]] void throw_own_thread(const char* call, const char* place);

// Waits for what a source gives, and keeps it, or what was thrown instead; nothing, if the waiting fiber was asked to
// end.
template <class Source>
void keep_result(outcome<typename Source::result>& in, Source& from) noexcept {
  try {
    auto wait = [&from]() -> typename Source::result { return from.wait(); };
    in.set_result_of(wait);
  } catch (const cancelled&) {
  } catch (...) {
    in.fail(std::current_exception());
  }
}

// The value of an outcome that has returned.
template <class R>
R take_value(outcome<R>& from) {
  if constexpr (std::is_reference_v<R>)
    return static_cast<R>(*from.value());
  else if constexpr (!std::is_void_v<R>)
    return std::move(from.value());
}

// The value, or what was left instead of it.
template <class R>
R take_outcome(outcome<R>& from, const char* call) {
  if (from.how() == ending::threw) rethrow_of_another(from.thrown(), call);
  if (from.how() == ending::cancelled) throw_ended(call);
  return take_value(from);
}

}  // namespace weft::detail

#pragma GCC visibility pop
