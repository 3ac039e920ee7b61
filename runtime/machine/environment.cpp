// Room: runtime. See environment.hpp.

#include "environment.hpp"

#include <charconv>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>

namespace weft::detail {

namespace {

std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;  // never 0, which means "not given"
}

}  // namespace

void refuse(std::string_view what, std::string_view text, const std::string& remedy) {
  throw std::invalid_argument("weft: " + std::string(what) + "='" + std::string(text) + "': " + remedy);
}

std::uint64_t number_from_environment(const char* name, std::uint64_t given, std::uint64_t fallback,
                                      bool allow_suffix) {
  if (given != 0) return given;
  const char* const text = std::getenv(name);
  if (text == nullptr || *text == '\0') return fallback;
  const std::uint64_t value = parse_number(name, text, allow_suffix);
  return value != 0 ? value : fallback;
}

std::chrono::nanoseconds duration_from_environment(const char* name, std::chrono::nanoseconds given) {
  if (given.count() != 0) return given;
  const char* const variable = std::getenv(name);
  if (variable == nullptr || *variable == '\0') return given;
  const std::string_view text = variable;
  const char* const end = text.data() + text.size();
  std::int64_t value = 0;
  const auto [after, error] = std::from_chars(text.data(), end, value);
  const std::string_view unit(after, static_cast<std::size_t>(end - after));
  constexpr std::int64_t k_most_seconds = 1'000'000'000;
  const std::int64_t most = unit == "ms" ? k_most_seconds * 1000 : k_most_seconds;
  if (error != std::errc() || text.front() == '-' || value > most || (unit != "ms" && unit != "s"))
    refuse(name, text, "must be a whole number of ms or s, such as 500ms or 10s");
  return unit == "ms" ? std::chrono::nanoseconds(std::chrono::milliseconds(value)) : std::chrono::seconds(value);
}

std::uint64_t parse_number(std::string_view what, std::string_view text, bool allow_suffix) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  unsigned shift = 0;
  const char* rest = after;
  if (allow_suffix && error == std::errc() && rest != end) {
    if (*rest == 'k' || *rest == 'K') shift = 10;
    if (*rest == 'm' || *rest == 'M') shift = 20;
    if (*rest == 'g' || *rest == 'G') shift = 30;
    if (shift != 0) ++rest;
  }
  if (error != std::errc() || rest != end || (value << shift) >> shift != value)
    refuse(what, text, allow_suffix ? "must be a whole number, maybe with k, m or g" : "must be a whole number");
  return value << shift;
}

std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    const std::uint64_t given = number_from_environment("WEFT_SEED", 0, 0, false);
    return given != 0 ? given : fresh_seed();
  }();
  return seed;
}

}  // namespace weft::detail
