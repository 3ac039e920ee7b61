// Room: tests. See targets.hpp. What is taken is compared with a second reading of it, by other means.

#include "targets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "environment.hpp"
#include "settings.hpp"
#include "stack_pool.hpp"

namespace weft::fuzz {

namespace {

using namespace detail;

// Digits and nothing else; none if that is more than 64 bits hold.
std::optional<std::uint64_t> digits(std::string_view text) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9 || value > (most - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

std::optional<std::uint64_t> number_in(std::string_view text, bool may_have_suffix) {
  unsigned times = 0;
  if (may_have_suffix && !text.empty()) {
    const std::string_view suffixes = "kKmMgG";
    const auto at = suffixes.find(text.back());
    if (at != std::string_view::npos) times = static_cast<unsigned>(at / 2 + 1);
  }
  auto value = digits(text.substr(0, text.size() - (times != 0 ? 1 : 0)));
  for (; value && times != 0; --times)
    value = *value > ~std::uint64_t{0} / 1024 ? std::nullopt : std::optional(*value * 1024);
  return value;
}

std::optional<std::chrono::nanoseconds> duration_in(std::string_view text) {
  const bool in_ms = text.ends_with("ms");
  if (!text.ends_with("s")) return std::nullopt;
  const auto value = digits(text.substr(0, text.size() - (in_ms ? 2 : 1)));
  if (!value || *value > std::uint64_t{1'000'000'000} * (in_ms ? 1000 : 1)) return std::nullopt;
  const auto count = static_cast<std::int64_t>(*value);
  return in_ms ? std::chrono::nanoseconds(std::chrono::milliseconds(count)) : std::chrono::seconds(count);
}

// What `read` makes of it is `expected`; none: it is refused, and `what` and the text are named.
template <class Value, class Read>
void compare(const std::optional<Value>& expected, const char* what, std::string_view text, Read read) {
  try {
    const Value got = read();
    require(expected.has_value(), "taken, and should be refused", text);
    require(got == *expected, "taken for something else", text);
  } catch (const std::invalid_argument& refusal) {
    require(!expected.has_value(), "refused, and should be taken", text);
    require(names(refusal, std::string(what) + "='"), "the setting is not named", text);
    require(names(refusal, text), "the value is not named", text);
  }
}

class with_variable {
 public:
  with_variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~with_variable() { ::unsetenv(name_); }
  with_variable(const with_variable&) = delete;
  with_variable& operator=(const with_variable&) = delete;

 private:
  const char* name_;
};

// Zero and empty mean the default, which is within the range.
std::optional<std::uint64_t> settled_number(const std::string& text, bool may_have_suffix, std::uint64_t fallback,
                                            std::uint64_t least, std::uint64_t most) {
  const auto value = text.empty() ? 0 : number_in(text, may_have_suffix);
  if (!value) return std::nullopt;
  const std::uint64_t settled = *value != 0 ? *value : fallback;
  return settled >= least && settled <= most ? std::optional(settled) : std::nullopt;
}

void workers(const std::string& text) {
  static const std::uint64_t by_default = settle_options({}).workers;
  const with_variable set("WEFT_WORKERS", text);
  compare(settled_number(text, false, by_default, 1, k_max_workers), "WEFT_WORKERS", text,
          [] { return std::uint64_t{settle_options({}).workers}; });
}

void stack_size(const std::string& text) {
  static const std::uint64_t by_default = settle_options({.workers = 1}).stack_size;
  const with_variable set("WEFT_STACK_SIZE", text);
  compare(settled_number(text, true, by_default, stack_pool::k_min_size, stack_pool::k_max_size), "WEFT_STACK_SIZE",
          text, [] { return std::uint64_t{settle_options({.workers = 1}).stack_size}; });
}

void end_limit(const std::string& text) {
  const with_variable set("WEFT_END_LIMIT", text);
  const auto expected = text.empty() ? std::optional(std::chrono::nanoseconds(0)) : duration_in(text);
  compare(expected, "WEFT_END_LIMIT", text, [] { return settle_options({.workers = 1}).end_limit; });
}

}  // namespace

void settings(std::string_view input) {
  if (input.empty()) return;
  const std::string_view text = input.substr(1);
  const std::string value(text.substr(0, text.find('\0')));  // of a variable
  switch (input.front() % 5) {
    case 0: return compare(number_in(text, false), "number", text, [&] { return parse_number("number", text, false); });
    case 1: return compare(number_in(text, true), "number", text, [&] { return parse_number("number", text, true); });
    case 2: return workers(value);
    case 3: return stack_size(value);
    default: return end_limit(value);
  }
}

}  // namespace weft::fuzz
