#pragma once
// Room: runtime. Broken invariants end the process, always on: WEFT_CHECK(cond, "where: what", values...) prints the
// message, the values, the condition and the fiber that ran, then aborts. Outcomes of I/O and misuse never come here.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>

#pragma GCC visibility push(default)

namespace weft::detail {

// What a check has to tell: a number or a text.
class check_value {
 public:
  template <std::integral Number>
  constexpr check_value(Number number) noexcept
      : number_(static_cast<std::uint64_t>(number)), is_negative_(number < Number{}) {}
  constexpr check_value(const char* text) noexcept : text_(text) {}

  [[nodiscard]] constexpr const char* text() const noexcept { return text_; }  // null: a number
  [[nodiscard]] constexpr bool is_negative() const noexcept { return is_negative_; }
  [[nodiscard]] constexpr std::uint64_t magnitude() const noexcept { return is_negative_ ? 0 - number_ : number_; }

 private:
  const char* text_ = nullptr;
  std::uint64_t number_ = 0;
  bool is_negative_ = false;
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const char* what,
                               std::initializer_list<check_value> values) noexcept;

template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void check_failed_with(const char* condition, const char* file, int line,
                                                              const char* what, const Values&... values) noexcept {
  check_failed(condition, file, line, what, {check_value(values)...});
}

}  // namespace weft::detail

#pragma GCC visibility pop

#define WEFT_CHECK(cond, ...)                                                    \
  do {                                                                           \
    if (!(cond)) [[unlikely]]                                                    \
      ::weft::detail::check_failed_with(#cond, __FILE__, __LINE__, __VA_ARGS__); \
  } while (false)
