// Room: tests of netpoll. Children in a process that is forked, or that waits for ever. Each process ends by itself, or
// by the alarm that it sets itself.

#include <chrono>
#include <csignal>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/netpoll/descriptor_stream.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

using namespace std::chrono_literals;
using weft::net::descriptor_stream;
using weft::net::process;
using weft::net::stdio;

// Lives until its input ends, or it is killed.
process long_lived() { return process({"cat"}, {.in = stdio::pipe(), .out = stdio::null(), .err = stdio::null()}); }

void await_no_children() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) std::this_thread::sleep_for(1ms);
}

int status_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What a forked process may do with its parent's child: nothing, and it is told so.
bool is_nothing_of_ours(process& of_parent) {
  std::error_code looked, killed;
  const bool is_known = of_parent.try_wait(looked).has_value();
  of_parent.kill(SIGKILL, killed);
  return !is_known && looked == std::errc::no_child_process && killed == std::errc::no_child_process;
}

// "Reaping after a fork": there is a thread that reaps, in the parent, when it forks.
ACCIDENT(fork_beside_a_child_that_was_let_go) {
  ::alarm(20);
  descriptor_stream input;
  std::optional<process> kept;
  weft::run({.workers = 1}, [&] {
    process let_go = long_lived();
    input = std::move(let_go.in());
    let_go.detach();
    kept = long_lived();
  });
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    if (!is_nothing_of_ours(*kept)) ::_exit(1);
    kept.reset();
    descriptor_stream own_input;
    weft::run({.workers = 1}, [&] {
      process let_go = long_lived();
      own_input = std::move(let_go.in());
      let_go.detach();
    });
    own_input.close();  // it is somebody's to reap from here on
    await_no_children();
    ::_exit(0);
  }
  if (const int status = status_of(child)) return status;
  if (kept->try_wait()) return 3;  // the forked process has killed it
  kept.reset();
  input.close();
  await_no_children();
  return 0;
}

// It wakes nobody, whatever becomes of it.
ACCIDENT(deadlock_beside_a_child_that_was_let_go) {
  ::alarm(20);
  weft::run({.workers = 2}, [] {
    process let_go = long_lived();
    const descriptor_stream input = std::move(let_go.in());
    let_go.detach();
    auto [near, far] = weft::net::pipe();
    char byte[1];
    (void)near.read_some(byte);
  });
  return 0;
}

// A forked process has the epoll of its parent, and the same pipe: what it closes must not be missed there.
ACCIDENT(fork_closes_what_its_parent_reads) {
  ::alarm(20);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
  return weft::run({.workers = 1}, [&] {
    auto in = descriptor_stream::borrow(ends[0]);
    char byte[1];
    if (::write(ends[1], "a", 1) != 1 || in.read_some(byte) != 1) return 2;
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);
      in.close();
      ::_exit(0);
    }
    if (const int status = status_of(child)) return status;
    weft::go([&] { (void)!::write(ends[1], "b", 1); });  // runs when the reader has parked
    return in.read_some(byte) == 1 && byte[0] == 'b' ? 0 : 3;
  });
}

}  // namespace
