#pragma once
// Room: tests of netpoll. Whether the process has children, and how a test waits for their end.

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>

#include <sys/types.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

namespace weft::testing {

// Neither alive nor a zombie; nothing is reaped by looking.
inline void expect_no_children() {
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1) << "a child is left: " << info.si_pid;
  EXPECT_EQ(errno, ECHILD);
}

[[nodiscard]] inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

[[nodiscard]] inline bool is_known(pid_t pid) { return ::kill(pid, 0) == 0; }

[[nodiscard]] inline std::ptrdiff_t open_descriptors_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

}  // namespace weft::testing
