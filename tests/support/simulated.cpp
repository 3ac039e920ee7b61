// Room: tests. See simulated.hpp.

#include <support/simulated.hpp>

#include <cstdlib>

#include "environment.hpp"
#include "sanitizers.hpp"

namespace weft::testing {

std::size_t seeds_per_workload() {
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
  constexpr std::size_t k_seeds = 100;
#else
  constexpr std::size_t k_seeds = 1000;
#endif
  const char* const text = std::getenv("WEFT_SIMULATE_SEEDS");
  if (text == nullptr || *text == '\0') return k_seeds;
  return detail::parse_number("WEFT_SIMULATE_SEEDS", text, true);
}

std::string first_lines(const char* what) {
  const std::string text = what;
  return text.substr(0, text.find('\n', text.find('\n') + 1));
}

}  // namespace weft::testing
