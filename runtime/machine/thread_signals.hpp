#pragma once
// Room: runtime. Which signals a thread of the runtime takes (README.md, "Signals and children"): one that runs user
// code, those of the thread that made the runtime, as std::thread would; one that runs none, what its own code causes.

#include <csignal>

#include <pthread.h>

namespace weft::detail {

class signal_mask {
 public:
  // The caller's, but for what a thread's own code causes, and for the profiler's: an overflow is to be told, whoever
  // made the thread.
  [[nodiscard]] static signal_mask of_caller() noexcept {
    signal_mask mine;
    pthread_sigmask(SIG_SETMASK, nullptr, &mine.blocked_);
    mine.let_through_synchronous();
    return mine;
  }

  [[nodiscard]] static signal_mask of_synchronous_alone() noexcept {
    signal_mask mine;
    sigfillset(&mine.blocked_);
    mine.let_through_synchronous();
    return mine;
  }

  // To the calling thread, whatever it inherited.
  void apply() const noexcept { pthread_sigmask(SIG_SETMASK, &blocked_, nullptr); }

 private:
  signal_mask() noexcept = default;
  void let_through_synchronous() noexcept {
    for (int taken : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&blocked_, taken);
  }

  sigset_t blocked_;
};

}  // namespace weft::detail
