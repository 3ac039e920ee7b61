// Room: runtime. See environment.hpp, usable_cpus. There are no control groups, and affinity is a hint at most.

#include <algorithm>

#include <unistd.h>

#include "environment.hpp"

namespace weft::detail {

std::size_t usable_cpus() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return std::clamp<std::size_t>(online > 0 ? static_cast<std::size_t>(online) : 1, 1, k_max_workers);
}

}  // namespace weft::detail
