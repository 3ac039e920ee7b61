// Room: runtime. See settings.hpp.

#include "settings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "environment.hpp"
#include "quantity_text.hpp"
#include "stack_pool.hpp"

namespace weft::detail {

namespace {

constexpr std::size_t k_default_stack = std::size_t{256} << 10;

// Refused as it was written: by the program, or in the environment.
void check_range(const char* option, std::uint64_t given, const char* variable, std::uint64_t settled,
                 std::uint64_t least, std::uint64_t most, std::string (*in_words)(std::size_t)) {
  if (settled >= least && settled <= most) return;
  const char* const typed = given == 0 ? std::getenv(variable) : nullptr;
  refuse(typed != nullptr ? variable : option, typed != nullptr ? typed : std::to_string(settled),
         settled < least ? "at least " + in_words(least) : "at most " + in_words(most));
}

}  // namespace

options settle_options(const options& wanted) {
  options settled = wanted;
  settled.workers = number_from_environment("WEFT_WORKERS", wanted.workers, usable_cpus(), false);
  check_range("workers", wanted.workers, "WEFT_WORKERS", settled.workers, 1, k_max_workers,
              [](std::size_t count) { return std::to_string(count); });
  settled.stack_size = number_from_environment("WEFT_STACK_SIZE", wanted.stack_size, k_default_stack, true);
  check_range("stack_size", wanted.stack_size, "WEFT_STACK_SIZE", settled.stack_size, stack_pool::k_min_size,
              stack_pool::k_max_size, &size_in_words);
  if (wanted.end_limit.count() < 0)
    refuse("end_limit", duration_in_words(wanted.end_limit.count()), "must not be negative");
  settled.end_limit = duration_from_environment("WEFT_END_LIMIT", wanted.end_limit);
  settled.seed = wanted.seed != 0 ? wanted.seed : process_seed();
  return settled;
}

}  // namespace weft::detail
