// Room: runtime. See quantity_text.hpp.

#include "quantity_text.hpp"

#include <iterator>

namespace weft::detail {

namespace {

struct unit {
  std::uint64_t nanoseconds;
  const char* name;
  bool is_divided;  // 1.5 s, but 90 min and not 1.5 h
};

constexpr unit k_units[] = {
    {3'600'000'000'000, " h", false},
    {60'000'000'000, " min", false},
    {1'000'000'000, " s", true},
    {1'000'000, " ms", true},
    {1'000, " us", true},
    {1, " ns", true},
};

constexpr std::uint64_t k_microsecond = 1'000;
constexpr std::uint64_t k_millisecond = 1'000'000;

// The digits of `part` / `whole` behind the point, none that is a trailing zero.
std::string decimals(std::uint64_t part, std::uint64_t whole) {
  std::string digits;
  for (; part != 0; part %= whole) {
    part *= 10;
    digits += static_cast<char>('0' + part / whole);
  }
  return digits.empty() ? digits : "." + digits;
}

std::string in_units(std::uint64_t time) {
  const unit* in = k_units;
  while (in != std::end(k_units) - 1 && (time < in->nanoseconds || (!in->is_divided && time % in->nanoseconds != 0)))
    ++in;
  return std::to_string(time / in->nanoseconds) + decimals(time % in->nanoseconds, in->nanoseconds) + in->name;
}

}  // namespace

std::string duration_in_words(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0 s";
  const auto bits = static_cast<std::uint64_t>(nanoseconds);
  return nanoseconds < 0 ? "-" + in_units(0 - bits) : in_units(bits);
}

std::string age_in_words(std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return "0 s";
  const auto time = static_cast<std::uint64_t>(nanoseconds);
  if (time < k_microsecond) return in_units(time);
  const std::uint64_t step = time < k_millisecond ? k_microsecond : k_millisecond;
  return in_units(time - time % step);
}

std::string size_in_words(std::size_t bytes) {
  constexpr const char* k_names[] = {" bytes", " KiB", " MiB", " GiB"};
  std::size_t unit = 0;
  for (; bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(k_names); bytes /= 1024) ++unit;
  return std::to_string(bytes) + k_names[unit];
}

std::string count_in_words(std::uint64_t count, const char* of) {
  return std::to_string(count) + " " + of + (count == 1 ? "" : "s");
}

}  // namespace weft::detail
