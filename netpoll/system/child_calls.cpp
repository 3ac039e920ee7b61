// Room: netpoll. See child_calls.hpp.

#include "child_calls.hpp"

#include <csignal>

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calling.hpp"
#include "descriptor_calls.hpp"
#include "unique_fd.hpp"

extern char** environ;

namespace weft::net::detail {

namespace {

int make_pipe(int (&ends)[2]) noexcept {
#if defined(__APPLE__)
  if (::pipe(ends) != 0) return -1;
  for (const int each : ends) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  return 0;
#else
  return ::pipe2(ends, O_CLOEXEC);
#endif
}

// Where the process was started without standard input or output, new descriptors get their numbers.
std::error_code lift(unique_fd& fd) noexcept {
  if (fd.get() > STDERR_FILENO) return {};
  const opened copy = duplicate(fd.get());
  if (!copy.error) fd = unique_fd(copy.fd);
  return copy.error;
}

// The two descriptions of posix_spawn, given back in the end. The first failure is kept.
class spawn_words {
 public:
  spawn_words() noexcept {
    note(::posix_spawn_file_actions_init(&actions));
    note(::posix_spawnattr_init(&attributes));
  }
  ~spawn_words() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_words(const spawn_words&) = delete;
  spawn_words& operator=(const spawn_words&) = delete;

  void note(int error) noexcept {
    if (first_error == 0) first_error = error;
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int first_error = 0;
};

void say_stdio(spawn_words& words, int target, const child_stdio& stdio) noexcept {
  switch (stdio.from) {
    case child_stdio::source::inherit: break;
    case child_stdio::source::null:
      words.note(::posix_spawn_file_actions_addopen(&words.actions, target, "/dev/null", O_RDWR, 0));
      break;
    case child_stdio::source::descriptor:
      words.note(::posix_spawn_file_actions_adddup2(&words.actions, stdio.fd, target));
      break;
    case child_stdio::source::output:
      words.note(::posix_spawn_file_actions_adddup2(&words.actions, STDOUT_FILENO, target));
      break;
  }
}

void say_signals_and_group(spawn_words& words, bool new_group) noexcept {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  words.note(::posix_spawnattr_setsigmask(&words.attributes, &none));
  words.note(::posix_spawnattr_setsigdefault(&words.attributes, &all));
  if (new_group) words.note(::posix_spawnattr_setpgroup(&words.attributes, 0));
  const int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (new_group ? POSIX_SPAWN_SETPGROUP : 0);
  words.note(::posix_spawnattr_setflags(&words.attributes, static_cast<short>(flags)));
}

}  // namespace

opened_pipe open_pipe() noexcept {
  int ends[2] = {-1, -1};
  const opened made = open_with([&] { return make_pipe(ends); });
  if (made.error) return {-1, -1, made.error};
  unique_fd from(ends[0]);
  unique_fd to(ends[1]);
  std::error_code ec = lift(from);
  if (!ec) ec = lift(to);
  if (ec) return {-1, -1, ec};
  return {from.release(), to.release(), {}};
}

spawned spawn_child(const child_plan& plan) noexcept {
  if (is_faulty(fault::exhausted)) return {-1, error_of(draw_fault_detail() % 2 == 0 ? EAGAIN : ENOMEM)};
  spawn_words words;
  if (plan.directory != nullptr) words.note(::posix_spawn_file_actions_addchdir_np(&words.actions, plan.directory));
  for (int target = 0; target < 3; ++target) say_stdio(words, target, plan.stdio[target]);
  say_signals_and_group(words, plan.new_group);
  if (words.first_error != 0) return {-1, error_of(words.first_error)};
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, plan.program, &words.actions, &words.attributes, plan.arguments, plan.environment);
  return error == 0 ? spawned{pid, {}} : spawned{-1, error_of(error)};
}

// no faults: it is what is left to do when all else has failed.
void kill_and_reap(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && last_error() == EINTR) {
  }
}

char** environment_of_parent() noexcept { return environ; }

// no faults, here and below: the one cannot fail, and the other for want of a few bytes alone.
pid_t this_process() noexcept { return ::getpid(); }

void call_around_forks(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  static_cast<void>(::pthread_atfork(before, in_parent, in_child));
}

// no faults: it fails for wrong arguments alone.
void block_all_signals() noexcept {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace weft::net::detail
