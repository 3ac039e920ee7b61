// Room: tests. See seed.hpp.

#include <support/seed.hpp>

#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

namespace weft::testing {

namespace {

std::uint64_t g_iteration = 0;

std::uint64_t seed_from_environment() {
  const char* const text = std::getenv("WEFT_SEED");
  if (text == nullptr || *text == '\0') return 0;
  std::uint64_t seed = 0;
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, seed);
  if (parsed.ec == std::errc() && parsed.ptr == end) return seed;
  std::fprintf(stderr, "WEFT_SEED='%s' is not a number from 0 to 2^64-1\n", text);
  std::exit(2);
}

std::uint64_t first_seed() {
  static const std::uint64_t seed = [] {
    if (const std::uint64_t given = seed_from_environment()) return given;
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32) | entropy() | 1u;
  }();
  return seed;
}

// FNV-1a: the same on every machine, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::uint64_t process_seed() { return first_seed() + g_iteration; }

std::uint64_t seed_of_this_test() {
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = test == nullptr ? "" : std::string(test->test_suite_name()) + "." + test->name();
  const std::uint64_t seed = process_seed() ^ hash_of(name);
  return seed != 0 ? seed : 1;  // zero would mean: not given
}

void begin_iteration(int iteration) {
  g_iteration = static_cast<std::uint64_t>(iteration);
  const std::string text = std::to_string(process_seed());
  ::setenv("WEFT_SEED", text.c_str(), 1);
  std::printf("seed=%s\n", text.c_str());
  std::fflush(stdout);
}

}  // namespace weft::testing
