// Room: tests of netpoll. Children: what they are given, how they end, who is told, and that none is left.

#include <weft/netpoll/process.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <weft/netpoll/file.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

#include "file/descriptor_support.hpp"
#include "net_support.hpp"
#include "process/process_support.hpp"

namespace weft::testing {
namespace {

using net::exit_status;
using net::output_of;
using net::process;
using net::stdio;
using namespace std::chrono_literals;

FIBER_TEST(process, talks_through_its_pipes) {
  process cat({"cat"}, {.in = stdio::pipe(), .out = stdio::pipe()});
  const auto sent = pattern(200'000, 1);
  auto writer = spawn([&] {
    cat.in().write_all(sent);
    cat.in().close();
  });
  std::vector<unsigned char> got(sent.size());
  cat.out().read_exactly(got);
  char more[1];
  EXPECT_EQ(cat.out().read_some(more), 0u);
  writer.join();
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(cat.wait(), exit_status{.code = 0});
  EXPECT_EQ(cat.wait(), exit_status{.code = 0}) << "as often as it is asked";
  EXPECT_FALSE(cat.err().is_open()) << "it has none";
}

FIBER_TEST(process, tells_how_it_ended) {
  const struct {
    const char* script;
    exit_status how;
    const char* words;
  } k_ends[] = {{"exit 0", {.code = 0}, "exited with 0"},
                {"exit 3", {.code = 3}, "exited with 3"},
                {"kill -9 $$", {.signal = SIGKILL}, "ended by signal 9"},
                {"kill -15 $$", {.signal = SIGTERM}, "ended by signal 15"}};
  for (const auto& each : k_ends) {
    const exit_status how = process({"sh", "-c", each.script}).wait();
    EXPECT_EQ(how, each.how) << each.script;
    EXPECT_EQ(to_string(how), each.words);
    EXPECT_EQ(how.success(), how.code == 0);
  }
}

FIBER_TEST(process, one_that_cannot_begin_is_named) {
  const scratch_directory directory;
  net::write_file(directory / "data", "no program");
  const struct {
    std::vector<std::string> arguments;
    net::process_options options;
    std::errc error;
    std::string named;
  } k_faults[] = {
      {{"weft-no-such-program"}, {}, std::errc::no_such_file_or_directory, "'weft-no-such-program'"},
      {{"true"}, {.directory = directory / "none"}, std::errc::no_such_file_or_directory, directory / "none"},
      {{directory / "data"}, {}, std::errc::permission_denied, directory / "data"},
      {{}, {}, std::errc::invalid_argument, "no program"},
      {{""}, {}, std::errc::invalid_argument, "no program"},
      {{"true", std::string("a\0b", 3)}, {}, std::errc::invalid_argument, "an argument has a NUL"},
      {{"true"}, {.environment = {"=value"}}, std::errc::invalid_argument, "'=value'"},
      {{"true"}, {.environment = {std::string("A=b\0c", 5)}}, std::errc::invalid_argument, "'A=b\\0c'"},
      {{"true"}, {.out = stdio::output()}, std::errc::invalid_argument, "'true'"},
      {{"true"}, {.in = stdio::descriptor(-1)}, std::errc::bad_file_descriptor, "'true'"},
  };
  for (const auto& each : k_faults) {
    try {
      process begun(each.arguments, each.options);
      ADD_FAILURE() << "begun: " << each.named;
    } catch (const std::system_error& e) {
      EXPECT_EQ(e.code(), each.error) << e.what();
      EXPECT_NE(std::string(e.what()).find(each.named), std::string::npos) << e.what();
    }
  }
  expect_no_children();
}

FIBER_TEST(process, works_where_and_with_what_it_is_told) {
  const scratch_directory directory;
  EXPECT_EQ(output_of({"pwd", "-P"}, {.directory = directory.string()}).text, directory.string() + "\n");
  ::setenv("WEFT_PROCESS_TEST", "ours", 1);
  EXPECT_EQ(output_of({"sh", "-c", "echo $WEFT_PROCESS_TEST"}).text, "ours\n");
  const std::vector<std::string> theirs = {"WEFT_PROCESS_TEST=theirs", "WEFT_MORE=more"};
  EXPECT_EQ(output_of({"sh", "-c", "echo $WEFT_PROCESS_TEST $WEFT_MORE"}, {.environment = theirs}).text,
            "theirs more\n");
  EXPECT_EQ(output_of({"sh", "-c", "echo ${WEFT_PROCESS_TEST-none}"}, {.environment = {"WEFT_PROCESS_TEST"}}).text,
            "none\n");
  EXPECT_EQ(output_of({"env"}, {.environment = {"A=1"}, .inherit_environment = false}).text, "A=1\n");
  ::unsetenv("WEFT_PROCESS_TEST");
}

FIBER_TEST(process, standard_output_goes_where_it_is_sent) {
  const scratch_directory directory;
  const std::vector<std::string> both = {"sh", "-c", "echo out; echo err >&2"};
  EXPECT_EQ(output_of(both, {.err = stdio::output()}).text, "out\nerr\n");
  EXPECT_EQ(output_of(both, {.err = stdio::null()}).text, "out\n");
  EXPECT_EQ(output_of({"cat"}, {.in = stdio::null()}).text, "");
  auto file = net::file::open(directory / "out", net::open_flags::write_only | net::open_flags::create);
  const int fd = file.native_handle();
  EXPECT_EQ(process(both, {.out = stdio::descriptor(fd), .err = stdio::descriptor(fd)}).wait().code, 0);
  EXPECT_EQ(net::read_file(directory / "out"), "out\nerr\n");
  process quiet(both, {.out = stdio::null(), .err = stdio::pipe()});
  char err[4];
  quiet.err().read_exactly(err);
  EXPECT_EQ(std::string_view(err, 4), "err\n");
  EXPECT_EQ(
      output_of({"head", "-c", "3"}, {.in = stdio::descriptor(net::file::open(directory / "out").native_handle())})
          .text,
      "out");
}

FIBER_TEST(process, output_has_a_limit_and_what_exceeds_it_is_killed) {
  EXPECT_EQ(output_of({"printf", "12345"}, {}, 5).text, "12345");
  expect_error(std::errc::file_too_large, [] { static_cast<void>(output_of({"yes"}, {}, 100'000)); });
  const auto [text, how] = output_of({"sh", "-c", "printf some; exit 4"});
  EXPECT_EQ(text, "some");
  EXPECT_EQ(how.code, 4);
  expect_no_children();
}

// Whatever the program has open: sockets, the poller, files, the pipes of other children.
FIBER_TEST(process, has_nothing_of_ours_open) {
  const scratch_directory directory;
  auto [client, server] = connect();
  auto file = net::file::open(directory / "file", net::open_flags::write_only | net::open_flags::create);
  process other({"cat"}, {.in = stdio::pipe(), .out = stdio::pipe(), .err = stdio::pipe()});
  std::istringstream listed(output_of({"sh", "-c", "ls /proc/$$/fd"}, {.in = stdio::null()}).text);
  std::set<int> theirs;
  for (int fd = 0; listed >> fd;) theirs.insert(fd);
  EXPECT_GE(theirs.size(), 3u);
  for (const int fd : theirs)
    EXPECT_TRUE(fd < 3 || (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) << "the child has descriptor " << fd;
}

FIBER_TEST(process, begins_with_default_signals_and_blocking_input) {
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  const std::string status = output_of({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}).text;
  std::signal(SIGUSR1, before);
  // But for two that the C library keeps for itself.
  EXPECT_EQ(status.substr(0, 25), "SigBlk:\t0000000000000000\n");
  EXPECT_EQ(std::stoull(status.substr(33), nullptr, 16) & ~0x180000000ull, 0u) << status;
  process cat({"grep", "flags", "/proc/self/fdinfo/0"}, {.in = stdio::pipe(), .out = stdio::pipe()});
  char flags[64];
  const std::size_t n = cat.out().read_some(flags);
  EXPECT_EQ(std::stol(std::string(flags, n).substr(6), nullptr, 8) & O_NONBLOCK, 0);
}

// Then new descriptors get the numbers that the child's have.
TEST(process, begins_though_the_program_has_no_standard_input) {
  const int kept = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  ::close(STDIN_FILENO);
  {
    runtime rt({.workers = 1});
    rt.run([] {
      for (int i = 0; i < 2; ++i) {
        process cat({"cat"}, {.in = stdio::pipe(), .out = stdio::pipe()});
        cat.in().write_all("through");
        cat.in().shutdown_write();
        char got[7];
        cat.out().read_exactly(got);
        EXPECT_EQ(std::string_view(got, 7), "through");
        EXPECT_TRUE(cat.wait().success());
      }
    });
  }
  if (kept >= 0) {
    ::dup2(kept, STDIN_FILENO);
    ::close(kept);
  }
}

FIBER_TEST(process, leads_a_group_that_is_killed_with_it) {
  process shell({"sh", "-c", "sleep 1000 & echo $!; wait"}, {.out = stdio::pipe(), .new_group = true});
  char line[32];
  const pid_t grandchild = std::stoi(std::string(line, shell.out().read_some(line)));
  EXPECT_EQ(::getpgid(grandchild), shell.pid());
  shell.terminate();
  EXPECT_EQ(shell.wait().signal, SIGTERM);
  char end[1];
  EXPECT_EQ(shell.out().read_some(end), 0u) << "the grandchild has let go of it, too";
}

}  // namespace
}  // namespace weft::testing
