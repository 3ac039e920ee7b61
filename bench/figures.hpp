#pragma once
// Room: bench. What the programs that measure one thing have in common: their arguments, what /proc and the clocks say
// of this process, and one line of JSON for whoever drives them (table.py).

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

namespace figures {

// The argument at `place`, or `otherwise` if there are not so many.
inline std::size_t argument(int argc, char** argv, int place, const char* what, std::size_t otherwise) {
  if (place >= argc) return otherwise;
  const std::string_view text = argv[place];
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(std::string(what) + " is a whole number, and not '" + std::string(text) + "'");
  return value;
}

// A line of /proc/self/status that counts kB: "VmRSS", "VmPTE".
inline double status_bytes(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stod(line.substr(key.size() + 1)) * 1024;
  throw std::runtime_error("/proc/self/status has no " + std::string(key) + ": is /proc mounted?");
}

// Of all threads of the process.
inline double cpu_ns() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

inline double in_us(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

// What was done since it was made, of which there were `count`.
class stopwatch {
 public:
  [[nodiscard]] std::chrono::steady_clock::duration elapsed() const {
    return std::chrono::steady_clock::now() - begin_;
  }
  [[nodiscard]] double us_of_each(double count) const { return in_us(elapsed()) / count; }
  [[nodiscard]] double cpu_us_of_each(double count) const { return (cpu_ns() - cpu_before_) / 1e3 / count; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_before_ = cpu_ns();
};

// Sorts the samples; `part` of them are at most what it returns.
inline double quantile(std::vector<double>& samples, double part) {
  if (samples.empty()) throw std::runtime_error("not one sample was taken");
  std::sort(samples.begin(), samples.end());
  const auto place = static_cast<std::size_t>(part * static_cast<double>(samples.size()));
  return samples[std::min(place, samples.size() - 1)];
}

// The soft limit of open files goes up to `count`, and the hard one where we are allowed to.
inline void allow_descriptors(std::size_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = count;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, count);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::runtime_error(std::to_string(count) +
                             " open files are needed and not allowed: raise the limit (ulimit -Hn " +
                             std::to_string(count) + ", or nofile in /etc/security/limits.conf), or ask for less");
}

// {"name": value, ...}, printed at its end.
class line {
 public:
  line() = default;
  ~line() { std::cout << '{' << text_ << '}' << std::endl; }
  line(const line&) = delete;
  line& operator=(const line&) = delete;

  void add(std::string_view name, double value) { add_text(name, std::to_string(value)); }
  void add(std::string_view name, std::string_view value) { add_text(name, '"' + std::string(value) + '"'); }

 private:
  void add_text(std::string_view name, const std::string& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += '"' + std::string(name) + "\": " + value;
  }

  std::string text_;
};

// main's frame: an exception is a message and exit status 1.
template <class F>
int report(const char* program, F&& measure) {
  try {
    measure();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << program << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace figures
