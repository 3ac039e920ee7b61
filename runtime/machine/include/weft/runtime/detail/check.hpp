#pragma once
// Room: runtime. Broken invariants end the process, always on: WEFT_CHECK(cond, "where: what", values...) prints the
// message, the values, the condition and the fiber that ran, then aborts. Outcomes of I/O and misuse never come here.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <sstream>
#include <string>

namespace weft::detail {

[[noreturn]] void check_failed(const char* condition, const char* what, const char* file, int line,
                               const std::string& values) noexcept;

template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void check_failed_with(const char* condition, const char* file, int line,
                                                              const char* what, const Values&... values) noexcept {
  std::ostringstream text;
  ((text << ' ' << values), ...);
  check_failed(condition, what, file, line, text.str());
}

}  // namespace weft::detail

#define WEFT_CHECK(cond, ...)                                                    \
  do {                                                                           \
    if (!(cond)) [[unlikely]]                                                    \
      ::weft::detail::check_failed_with(#cond, __FILE__, __LINE__, __VA_ARGS__); \
  } while (false)
