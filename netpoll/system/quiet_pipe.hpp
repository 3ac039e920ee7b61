#pragma once
// Room: netpoll. While one lives, a write of this thread to a pipe that nobody reads raises no SIGPIPE that is acted
// upon: the signal is the thread's own, held back, and taken away again. errno is left as it was. For the .cpp files of
// this floor; no switch while one lives.

#include <csignal>

#include "calling.hpp"

namespace weft::net::detail {

class quiet_pipe {
 public:
  quiet_pipe() noexcept : was_pending_(is_pending()) {
    const sigset_t broken_pipe = only_broken_pipe();
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before_);
  }
  ~quiet_pipe() {
    const int kept = last_error();
    const sigset_t broken_pipe = only_broken_pipe();
    int taken = 0;
    // Whatever the call has returned: one that moved some bytes before the pipe broke tells of these, and raises it.
    if (!was_pending_ && is_pending()) ::sigwait(&broken_pipe, &taken);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    restore_error(kept);
  }
  quiet_pipe(const quiet_pipe&) = delete;
  quiet_pipe& operator=(const quiet_pipe&) = delete;

 private:
  static sigset_t only_broken_pipe() noexcept {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
  }
  static bool is_pending() noexcept {
    sigset_t pending;
    return ::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
  }

  const bool was_pending_;
  sigset_t before_;
};

}  // namespace weft::net::detail
