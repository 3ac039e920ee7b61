// Room: runtime. See environment.hpp.

#include "environment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include <sched.h>

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
  if (error != std::errc() || value < 0 || value > most || (unit != "ms" && unit != "s"))
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

std::size_t usable_cpus() {
  const std::size_t quota = std::min(tightest("/sys/fs/cgroup", cgroup_path(""), quota_v2),
                                     tightest("/sys/fs/cgroup/cpu", cgroup_path("cpu"), quota_v1));
  return std::clamp<std::size_t>(std::min(cpus_by_affinity(), quota), 1, k_max_workers);
}

}  // namespace weft::detail
