// std_shim, interpose: what a program asks of a thread by its pthread_t, under WEFT_INTERPOSE=main. Of a thread that is
// a fiber some of it is there (its name, its stack); some is the worker's, and cannot be the fiber's (priority,
// affinity, a clock of its own): such a question is answered for the thread that asks, and a change is refused
// (ENOTSUP).
//
// Signals go to the process: main's fiber answers for its first thread, others have none of their own. Nobody can be
// cancelled (ENOTSUP): libc's way of unwinding knows threads alone.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "exports.hpp"
#include "fiber_thread.hpp"
#include "main_thread.hpp"
#include "real_functions.hpp"

namespace weft::interpose {

namespace {

int copy_name(fiber_thread& thread, char* to, std::size_t room) noexcept {
  const live_thread there(thread);
  if (!there) return ESRCH;
  const std::size_t size = std::strlen(thread.name.data()) + 1;
  if (size > room) return ERANGE;
  std::memcpy(to, thread.name.data(), size);
  return 0;
}

int keep_name(fiber_thread& thread, const char* name) noexcept {
  const std::size_t size = std::strlen(name) + 1;
  if (size > thread.name.size()) return ERANGE;
  const live_thread there(thread);
  if (!there) return ESRCH;
  std::memcpy(thread.name.data(), name, size);
  return 0;
}

// One that has not begun has no stack yet.
int describe_stack(fiber_thread& thread, pthread_attr_t* attributes) noexcept {
  const live_thread there(thread);
  if (!there) return ESRCH;
  if (const int error = ::pthread_attr_init(attributes); error != 0) return error;
  if (thread.is_detached) (void)::pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
  if (thread.stack_top == 0) return 0;
  return ::pthread_attr_setstack(attributes, reinterpret_cast<void*>(thread.stack_bottom),
                                 thread.stack_top - thread.stack_bottom);
}

int send_signal(fiber_thread& thread, int number) noexcept {
  {
    const live_thread there(thread);
    if (!there) return ESRCH;
  }
  if (number < 0 || number > SIGRTMAX) return EINVAL;
  if (thread.is_main) return real().pthread_kill(first_thread(), number);
  return number == 0 || ::kill(::getpid(), number) == 0 ? 0 : errno;
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_getname_np(pthread_t handle, char* name, size_t room) noexcept {
  fiber_thread* const thread = thread_of(handle);
  return thread != nullptr ? copy_name(*thread, name, room) : real().pthread_getname_np(handle, name, room);
}
WEFT_TAKES int pthread_setname_np(pthread_t handle, const char* name) noexcept {
  fiber_thread* const thread = thread_of(handle);
  return thread != nullptr ? keep_name(*thread, name) : real().pthread_setname_np(handle, name);
}
WEFT_TAKES int pthread_getattr_np(pthread_t handle, pthread_attr_t* attributes) noexcept {
  fiber_thread* const thread = thread_of(handle);
  return thread != nullptr ? describe_stack(*thread, attributes) : real().pthread_getattr_np(handle, attributes);
}

WEFT_TAKES int pthread_kill(pthread_t handle, int number) noexcept {
  fiber_thread* const thread = thread_of(handle);
  return thread != nullptr ? send_signal(*thread, number) : real().pthread_kill(handle, number);
}
WEFT_TAKES int pthread_sigqueue(pthread_t handle, int number, const sigval value) noexcept {
  fiber_thread* const thread = thread_of(handle);
  if (thread == nullptr) return real().pthread_sigqueue(handle, number, value);
  if (thread->is_main) return real().pthread_sigqueue(first_thread(), number, value);
  return ::sigqueue(::getpid(), number, value) == 0 ? 0 : errno;
}
WEFT_TAKES int pthread_cancel(pthread_t handle) {
  return thread_of(handle) != nullptr ? ENOTSUP : real().pthread_cancel(handle);
}

// For the thread that runs the caller now.

WEFT_TAKES int pthread_getschedparam(pthread_t handle, int* policy, sched_param* parameters) noexcept {
  return real().pthread_getschedparam(thread_of(handle) != nullptr ? real().pthread_self() : handle, policy,
                                      parameters);
}
WEFT_TAKES int pthread_getaffinity_np(pthread_t handle, size_t size, cpu_set_t* set) noexcept {
  return real().pthread_getaffinity_np(thread_of(handle) != nullptr ? real().pthread_self() : handle, size, set);
}
WEFT_TAKES int pthread_setschedparam(pthread_t handle, int policy, const sched_param* parameters) noexcept {
  return thread_of(handle) != nullptr ? ENOTSUP : real().pthread_setschedparam(handle, policy, parameters);
}
WEFT_TAKES int pthread_setschedprio(pthread_t handle, int priority) noexcept {
  return thread_of(handle) != nullptr ? ENOTSUP : real().pthread_setschedprio(handle, priority);
}
WEFT_TAKES int pthread_setaffinity_np(pthread_t handle, size_t size, const cpu_set_t* set) noexcept {
  return thread_of(handle) != nullptr ? ENOTSUP : real().pthread_setaffinity_np(handle, size, set);
}
WEFT_TAKES int pthread_getcpuclockid(pthread_t handle, clockid_t* clock) noexcept {
  return thread_of(handle) != nullptr ? ENOENT : real().pthread_getcpuclockid(handle, clock);
}
