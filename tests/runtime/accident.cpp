// Room: tests. See accident.hpp: the side of the test.

#include "accident.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::testing {

namespace {

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ::ssize_t got = ::read(descriptor, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

accident_end run_accident(const std::string& name) {
  accident_end end;
  int ends[2];
  if (::pipe(ends) != 0) return end;
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  ::posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::string program = WEFT_ACCIDENTS;
  std::string argument = name;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int refused = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  EXPECT_EQ(refused, 0) << program;
  if (refused == 0) {
    end.text = read_to_end(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  }
  ::close(ends[0]);
  return end;
}

}  // namespace weft::testing
