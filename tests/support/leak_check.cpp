// Room: tests. See leak_check.hpp.

#include <support/leak_check.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <system_error>

#include "live_counts.hpp"

namespace weft::testing {

namespace {

std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own descriptor, by the time it is looked at
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && !target.string().ends_with("/fd"))
      open.emplace(std::stoi(entry.path().filename().string()), target.string());
  }
  return open;
}

}  // namespace

leak_check::leak_check() : open_before_(open_descriptors()) {}

void leak_check::expect_nothing_left() const {
  const detail::counts left = detail::live_counts();
  EXPECT_EQ(left.fibers, 0u) << "fibers are alive after the end of every runtime";
  EXPECT_EQ(left.stacks, 0u) << "stacks are in use after the end of every runtime";
  EXPECT_EQ(left.timers, 0u) << "timers are armed after the end of every runtime";
  for (const auto& [descriptor, what] : open_descriptors())
    EXPECT_TRUE(open_before_.count(descriptor) != 0)
        << "descriptor " << descriptor << " (" << what << ") was left open";
}

}  // namespace weft::testing
