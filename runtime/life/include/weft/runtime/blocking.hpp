#pragma once
// Room: runtime. Code that may really block its thread: getaddrinfo, a file, a foreign library.
//
//   auto size = weft::blocking([&] { return std::filesystem::file_size(p); });
//
// Runs f on a helper thread while the calling fiber is parked; returns its value or rethrows its exception. Not a
// cancellation point once f has begun, and the end of the runtime waits for it. On a plain thread f simply runs.
// At most 1,024 calls run at once in a process, further ones wait for their turn: no more may wait for each other.
// Each call begins with the default floating-point environment, whatever the calling fiber's is, and with the signal
// mask of the thread that made the runtime. What else f sets on its thread is still set for a later call.
// Helper threads have the system's default stacks (`ulimit -s`, 8 MiB as a rule); an overflow names the calling fiber.
// f may use sync, which blocks the helper; it is not on a fiber. In a simulation f runs in place, on the calling fiber.

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/memory.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {
// Calls f(argument) where it may block; returns when it has returned.
void run_blocking(void (*f)(void*) noexcept, void* argument);
// Of what a reference refers to, also one to an rvalue.
template <class T>
std::remove_reference_t<T>* address_of(T&& referred) noexcept {
  return std::addressof(referred);
}
}  // namespace detail

template <class F>
auto blocking(F&& f) -> std::invoke_result_t<F&> {
  using R = std::invoke_result_t<F&>;
  using value =
      std::conditional_t<std::is_void_v<R>, char, std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<R>, R>>;
  struct call {
    F& f;
    std::optional<value> result;
    std::exception_ptr thrown;
  } c{f, std::nullopt, nullptr};
  detail::run_blocking(
      [](void* argument) noexcept {
        call& mine = *static_cast<call*>(argument);
        try {
          if constexpr (std::is_void_v<R>)
            mine.f();
          else if constexpr (std::is_reference_v<R>)
            mine.result.emplace(detail::address_of(mine.f()));
          else
            mine.result.emplace(mine.f());
        } catch (...) {
          mine.thrown = std::current_exception();
        }
      },
      &c);
  if (c.thrown) std::rethrow_exception(std::move(c.thrown));
  if constexpr (std::is_reference_v<R>)
    return static_cast<R>(**c.result);
  else if constexpr (!std::is_void_v<R>)
    return std::move(*c.result);
}

template <class F>
  requires(!std::is_invocable_v<F&>)
void blocking(F&&) = delete;  // weft::blocking: the function takes no arguments; capture them

}  // namespace weft

#pragma GCC visibility pop
