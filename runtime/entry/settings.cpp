// Room: runtime. See settings.hpp.

#include "settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "environment.hpp"
#include "stack_pool.hpp"

namespace weft::detail {

namespace {

constexpr std::size_t k_default_stack = std::size_t{256} << 10;

void check_range(const char* what, std::uint64_t value, std::uint64_t most) {
  if (value > most) refuse(what, std::to_string(value), "at most " + std::to_string(most));
}

}  // namespace

options settle_options(const options& wanted) {
  options settled = wanted;
  settled.workers = number_from_environment("WEFT_WORKERS", wanted.workers, usable_cpus(), false);
  check_range(wanted.workers != 0 ? "workers" : "WEFT_WORKERS", settled.workers, k_max_workers);
  settled.stack_size = number_from_environment("WEFT_STACK_SIZE", wanted.stack_size, k_default_stack, true);
  check_range(wanted.stack_size != 0 ? "stack_size" : "WEFT_STACK_SIZE", settled.stack_size, stack_pool::k_max_size);
  settled.seed = wanted.seed != 0 ? wanted.seed : process_seed();
  return settled;
}

}  // namespace weft::detail
