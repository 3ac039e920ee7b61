// Room: tests. See accident.hpp: the side of the test.

#include <support/accident.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitizers.hpp"

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

// Beside the program that runs.
std::string program_of_accidents() {
  std::array<char, 4096> path;
  const ::ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string self(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return self.substr(0, self.rfind('/') + 1) + "accidents";
}

std::vector<char*> environment_of_this_process() {
  std::vector<char*> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.push_back(*each);
  return variables;
}

void note_status(pid_t child, accident_end& end) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
}

// An emulator of another processor (qemu-user) has a line of its own to say, last, of what was killed.
void leave_out_what_an_emulator_says(std::string& text) {
  const std::size_t at = text.rfind("qemu: uncaught target signal ");
  if (at != std::string::npos && (at == 0 || text[at - 1] == '\n')) text.erase(at);
}

// A shell has those that it starts in the background ignore SIGINT and SIGQUIT.
class default_signals {
 public:
  default_signals() {
    sigset_t ignored;
    ::sigemptyset(&ignored);
    for (const int signal : {SIGINT, SIGQUIT}) ::sigaddset(&ignored, signal);
    ::posix_spawnattr_init(&words_);
    ::posix_spawnattr_setsigdefault(&words_, &ignored);
    ::posix_spawnattr_setflags(&words_, POSIX_SPAWN_SETSIGDEF);
  }
  ~default_signals() { ::posix_spawnattr_destroy(&words_); }
  default_signals(const default_signals&) = delete;
  default_signals& operator=(const default_signals&) = delete;
  [[nodiscard]] const ::posix_spawnattr_t* get() const { return &words_; }

 private:
  ::posix_spawnattr_t words_;
};

}  // namespace

bool keeps_signals_back() noexcept {
#if defined(WEFT_TSAN)
  return true;
#else
  return false;
#endif
}

accident_end run_accident(const std::string& name, const std::string& variable) {
  accident_end end;
  int errors[2];
  std::FILE* const output = std::tmpfile();  // a file, so that neither of the two can be full while the other is read
  if (output == nullptr || ::pipe2(errors, O_CLOEXEC) != 0) return end;
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(output), STDOUT_FILENO);
  std::string program = program_of_accidents();
  std::string argument = name;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  std::string one_more = variable;
  std::vector<char*> variables = environment_of_this_process();
  if (!variable.empty()) variables.push_back(one_more.data());
  variables.push_back(nullptr);
  pid_t child = 0;
  const default_signals defaults;
  const int refused =
      ::posix_spawn(&child, program.c_str(), &actions, defaults.get(), arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(errors[1]);
  EXPECT_EQ(refused, 0) << program;
  if (refused == 0) {
    end.text = read_to_end(errors[0]);
    note_status(child, end);
    if (end.signal != 0) leave_out_what_an_emulator_says(end.text);
    std::rewind(output);
    end.output = read_to_end(::fileno(output));
  }
  ::close(errors[0]);
  std::fclose(output);
  return end;
}

}  // namespace weft::testing
