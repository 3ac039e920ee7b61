// Room: std_shim. See retry.hpp.

#include <weft/std_shim/retry.hpp>

#include <algorithm>
#include <stdexcept>

#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::detail {

namespace {

double nanoseconds_of(std::chrono::nanoseconds length) noexcept {
  return std::max(0.0, static_cast<double>(length.count()));
}

// In [0, 1).
double drawn() noexcept { return static_cast<double>(random_u64() >> 11) * 0x1p-53; }

}  // namespace

retry_pauses::retry_pauses(const retry_options& options)
    : options_(options), length_(nanoseconds_of(options.first_pause)) {
  if (!(options.factor >= 1)) throw std::invalid_argument("weft::retry: the factor is less than 1");
}

bool retry_pauses::allow_another() noexcept { return options_.attempts == 0 || ++made_ < options_.attempts; }

void retry_pauses::pause() {
  const double most = std::min(length_, nanoseconds_of(options_.longest_pause));
  length_ = std::min(length_ * options_.factor, 0x1p62);
  this_fiber::sleep_for(std::chrono::duration<double, std::nano>(options_.jitter ? most * drawn() : most));
}

}  // namespace weft::detail
