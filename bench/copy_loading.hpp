#pragma once
// Room: bench. What a copy from socket to socket costs: runs copy_load, which stands beside this program, against two
// ports, and measures until all of it has passed. How it is copied is the caller's.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "figures.hpp"

namespace copy_loading {

struct load {
  std::size_t mib = 1024;
  std::size_t message = 64 << 10;
};

inline load arguments(int argc, char** argv, int first) {
  return {figures::argument(argc, argv, first, "the number of MiB", 1024),
          figures::argument(argc, argv, first + 1, "the size of a message", 64 << 10)};
}

inline std::FILE* start(std::uint16_t in, std::uint16_t out, const load& what) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").replace_filename("copy_load");
  const std::string command = '\'' + program + "' " + std::to_string(in) + ' ' + std::to_string(out) + ' ' +
                              std::to_string(what.mib) + ' ' + std::to_string(what.message);
  std::FILE* const running = ::popen(command.c_str(), "re");
  if (running == nullptr) throw std::runtime_error("cannot start " + command);
  return running;
}

// `copy` returns when it has passed everything on, and told the sink so.
template <class Copy>
void measure(std::FILE* running, const load& what, Copy copy) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_before = figures::cpu_ns();
  copy();
  const double cpu = figures::cpu_ns() - cpu_before;
  const auto took = std::chrono::steady_clock::now() - begin;
  if (::pclose(running) != 0) throw std::runtime_error("copy_load failed, see above");
  figures::line out;
  out.add("us_per_mib", figures::in_us(took) / static_cast<double>(what.mib));
  out.add("cpu_us_per_mib", cpu / 1e3 / static_cast<double>(what.mib));
}

}  // namespace copy_loading
