// Programs that know nothing of weft, under LD_PRELOAD and WEFT_INTERPOSE=main: their threads are fibers.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preloaded_programs.hpp"

namespace {

const std::string k_under_weft =
    std::string("exec env LD_PRELOAD=") + WEFT_PRELOADED_LIBRARY + " WEFT_INTERPOSE=main WEFT_WORKERS=2 ";

struct ended {
  int status;
  std::string said;
};

ended run(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  ended how{-1, {}};
  char text[256];
  for (std::size_t n; (n = std::fread(text, 1, sizeof text, pipe)) > 0;) how.said.append(text, n);
  how.status = ::pclose(pipe);
  return how;
}

const std::string k_threads = std::string(WEFT_PRELOADED_THREADS) + " ";

TEST(preloaded, what_holds_of_threads_holds_of_fibers_that_pass_for_them) {
  for (const char* const name : {"identity", "joins", "names_and_stacks", "exits", "keys", "tasks_and_exceptions",
                                 "signals", "children", "lookups", "clean_slates"})
    for (const auto& with : {std::string("exec "), k_under_weft}) {
      const ended how = run(with + k_threads + name);
      EXPECT_EQ(how.status, 0) << with << name << '\n' << how.said;
      EXPECT_EQ(how.said, "") << with << name;
    }
}

TEST(preloaded, the_end_of_a_program_is_what_it_was) {
  for (const auto& with : {std::string("exec "), k_under_weft}) {
    const ended returns = run(with + k_threads + "status");
    EXPECT_EQ(WEXITSTATUS(returns.status), 42) << with;
    EXPECT_EQ(returns.said, "at exit\n") << with;
    const ended leaves = run(with + k_threads + "main_leaves");
    EXPECT_EQ(leaves.status, 0) << with;
    EXPECT_EQ(leaves.said, "last\n") << with;
    const ended throws = run(with + k_threads + "uncaught");
    EXPECT_EQ(throws.status, SIGABRT) << with;
    EXPECT_NE(throws.said.find("nobody catches this"), std::string::npos) << with << throws.said;
  }
}

TEST(preloaded, five_hundred_threads_are_fibers_on_a_few) {
  const ended how = run(k_under_weft + k_threads + "many");
  EXPECT_EQ(how.status, 0) << how.said;
  EXPECT_GT(std::atoi(how.said.c_str()), 0);
  EXPECT_LT(std::atoi(how.said.c_str()), 20);
}

TEST(preloaded, an_allocator_may_close_a_file_as_it_begins) {
  const ended how = run("ulimit -t 20; " + k_under_weft + WEFT_PRELOADED_ALLOCATOR);
  EXPECT_EQ(how.status, 0);
  EXPECT_EQ(how.said, "");
}

TEST(preloaded, a_second_weft_in_the_process_is_told_in_a_line) {
  const ended how = run(std::string("exec env LD_PRELOAD=") + WEFT_PRELOADED_LIBRARY + " " + WEFT_PRELOADED_SECOND);
  EXPECT_EQ(how.status, 0);
  EXPECT_NE(how.said.find("not those of the second weft in this process"), std::string::npos) << how.said;
  EXPECT_EQ(std::count(how.said.begin(), how.said.end(), '\n'), 1) << how.said;
}

std::ptrdiff_t threads_of(int process) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(process) + "/task");
  return std::distance(begin(all), end(all));
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(static_cast<in_port_t>(port));
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  return fd;
}

// How many this process may have, of which it takes all.
rlim_t take_all_numbers() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

// Each of so many connections says its number before any is answered, and gets it back.
void say_numbers_to(int port, std::vector<int>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = connect_to(port);
    const auto number = static_cast<std::uint32_t>(i);
    ASSERT_EQ(::write(all[i], &number, sizeof number), 4);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::uint32_t number = 0;
    ASSERT_EQ(::recv(all[i], &number, sizeof number, MSG_WAITALL), 4);
    EXPECT_EQ(number, i);
  }
}

TEST(preloaded, a_server_with_a_thread_for_each_holds_five_thousand_connections_on_two_workers) {
  if (const rlim_t most = take_all_numbers(); most < 5100)
    GTEST_SKIP() << "5,100 descriptors are needed, and ulimit -Hn is " << most;
  for (const auto& command : {k_under_weft + WEFT_PRELOADED_ECHO, std::string("exec ") + WEFT_PRELOADED_KNOWING_ECHO}) {
    FILE* const server = ::popen(command.c_str(), "r");
    int process = 0, port = 0;
    ASSERT_EQ(std::fscanf(server, "%d %d", &process, &port), 2) << command;
    std::vector<int> all(5000);
    say_numbers_to(port, all);
    EXPECT_LT(threads_of(process), 100) << command;  // with those that fill in on a busy machine
    for (const int each : all) ::close(each);
    EXPECT_EQ(::kill(process, SIGTERM), 0);
    EXPECT_EQ(::pclose(server), SIGTERM);
  }
}

// The thread of the system that a fiber comes back on: one that stays is on its own, and there are four.
TEST(preloaded, threads_that_wait_may_come_back_on_another_if_migrate_is_asked_for) {
  for (const std::string with : {"main", "main,migrate"}) {
    const ended how = run("exec env LD_PRELOAD=" WEFT_PRELOADED_LIBRARY " WEFT_WORKERS=4 WEFT_INTERPOSE=" + with + " " +
                          k_threads + "migrations");
    EXPECT_EQ(how.status, 0) << with << how.said;
    EXPECT_EQ(std::atoi(how.said.c_str()) > 0, with != "main") << with << ": " << how.said;
  }
}

TEST(preloaded, a_word_that_is_none_is_told_and_those_that_are_hold) {
  const ended how = run("exec env LD_PRELOAD=" WEFT_PRELOADED_LIBRARY " WEFT_INTERPOSE=main,migrates,,domain " +
                        k_threads + "status");
  EXPECT_EQ(WEXITSTATUS(how.status), 42);
  for (const char* const word : {"migrates", "domain"})
    EXPECT_NE(how.said.find("WEFT_INTERPOSE has the word '" + std::string(word) + "'"), std::string::npos) << how.said;
  EXPECT_NE(how.said.find("report, migrate, main"), std::string::npos) << how.said;
  EXPECT_EQ(std::count(how.said.begin(), how.said.end(), '\n'), 3) << how.said;  // and what it says itself
  const ended none = run("exec env LD_PRELOAD=" WEFT_PRELOADED_LIBRARY " WEFT_INTERPOSE=domain " + k_threads + "many");
  EXPECT_GT(std::atoi(none.said.substr(none.said.find('\n') + 1).c_str()), 499) << none.said;  // no fibers
}

}  // namespace
