// Room: runtime. See environment.hpp, usable_cpus.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <sched.h>

#include "environment.hpp"

namespace weft::detail {

namespace {

std::size_t cpus_by_affinity() noexcept {
  // cpu_set_t ends at 1,024 CPUs; a larger machine answers EINVAL to it, and a larger set does.
  for (std::size_t cpus = 1024; cpus <= 65536; cpus *= 2) {
    cpu_set_t* const set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    const bool known = ::sched_getaffinity(0, size, set) == 0;
    const int count = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return static_cast<std::size_t>(count);
  }
  return 1;
}

// The part of /proc/self/cgroup's line for `controller` (empty: v2) after the last colon.
std::string cgroup_path(std::string_view controller) {
  const std::string wanted = ',' + std::string(controller) + ',';
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    if (controllers.find(wanted) != std::string::npos) return line.substr(second + 1);
  }
  return "";
}

std::size_t cpus_for(double quota, double period) noexcept {
  if (quota <= 0 || period <= 0) return SIZE_MAX;
  return static_cast<std::size_t>((quota + period - 1) / period);
}

// A quota binds at any level from the process's own group up to the root.
template <class Read>
std::size_t tightest(const std::string& root, std::string path, Read read) {
  std::size_t least = SIZE_MAX;
  for (;;) {
    least = std::min(least, read(root + path));
    if (path.empty() || path == "/") return least;
    path.resize(path.rfind('/'));
  }
}

std::size_t quota_v2(const std::string& group) {
  std::ifstream file(group + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max") return SIZE_MAX;
  return cpus_for(std::strtod(quota.c_str(), nullptr), period);
}

std::size_t quota_v1(const std::string& group) {
  double quota = 0;
  double period = 0;
  std::ifstream(group + "/cpu.cfs_quota_us") >> quota;
  std::ifstream(group + "/cpu.cfs_period_us") >> period;
  return cpus_for(quota, period);
}

}  // namespace

std::size_t usable_cpus() {
  const std::size_t quota = std::min(tightest("/sys/fs/cgroup", cgroup_path(""), quota_v2),
                                     tightest("/sys/fs/cgroup/cpu", cgroup_path("cpu"), quota_v1));
  return std::clamp<std::size_t>(std::min(cpus_by_affinity(), quota), 1, k_max_workers);
}

}  // namespace weft::detail
