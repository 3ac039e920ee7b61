#pragma once
// Room: runtime. Which signals the threads of the runtime take: those that their own code causes, and the profiler's.
// Asynchronous ones are for other threads: a handler on a fiber's stack would be a surprise to both.

#include <csignal>

#include <pthread.h>

namespace weft::detail {

// Sets the mask of the calling thread, whatever it inherited.
inline void take_synchronous_signals_alone() noexcept {
  sigset_t blocked;
  sigfillset(&blocked);
  for (int taken : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&blocked, taken);
  pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

}  // namespace weft::detail
