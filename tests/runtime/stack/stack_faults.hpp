#pragma once
// Room: tests of runtime. Makes the kernel look poorer than it is, for as long as one lives: stack_memory's faults,
// address space.

#include <cstddef>
#include <fstream>
#include <string>

#include <sys/resource.h>

#include "stack_memory.hpp"

namespace weft::testing {

// Guards by mprotect alone, and of them only so many more for the whole process.
class scarce_mappings {
 public:
  explicit scarce_mappings(std::size_t left) {
    detail::stack_memory::injected.protections_left = left;
    detail::stack_memory::injected.only_protection = true;
  }
  ~scarce_mappings() {
    detail::stack_memory::injected.only_protection = false;
    detail::stack_memory::injected.protections_left = detail::stack_memory::faults::k_off;
  }
  scarce_mappings(const scarce_mappings&) = delete;
  scarce_mappings& operator=(const scarce_mappings&) = delete;
};

// Every new guard is refused.
class refused_guards {
 public:
  refused_guards() : before_(detail::stack_memory::injected.guards_refused) {
    detail::stack_memory::injected.guards_to_refuse = SIZE_MAX;
  }
  ~refused_guards() { stop(); }
  refused_guards(const refused_guards&) = delete;
  refused_guards& operator=(const refused_guards&) = delete;

  void stop() { detail::stack_memory::injected.guards_to_refuse = 0; }
  [[nodiscard]] std::size_t count() const { return detail::stack_memory::injected.guards_refused - before_; }

 private:
  const std::size_t before_;
};

// A line of /proc/self/status, "VmRSS" for one, in bytes.
inline std::size_t status_bytes(const std::string& wanted) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != wanted + ":") continue;
    std::size_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

// Only so much more address space for the whole process.
class scarce_address_space {
 public:
  explicit scarce_address_space(std::size_t more) {
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit less{status_bytes("VmSize") + more, before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &less);
  }
  ~scarce_address_space() { ::setrlimit(RLIMIT_AS, &before_); }
  scarce_address_space(const scarce_address_space&) = delete;
  scarce_address_space& operator=(const scarce_address_space&) = delete;

 private:
  rlimit before_{};
};

}  // namespace weft::testing
