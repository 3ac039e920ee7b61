// std_shim, interpose: pthread_create and C11's thrd_create, under WEFT_INTERPOSE=main: what they make is a fiber. Its
// stack is as large as the thread's would be; only pages that are touched cost memory.
//
// A thread of the system's it is, as ever: if who asks is no fiber (a library's own thread, a child of fork), or
// libweft itself, or if it is to be scheduled in real time.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <threads.h>

#include <weft/runtime/spawn.hpp>

#include "exports.hpp"
#include "fiber_thread.hpp"
#include "gate.hpp"
#include "joining.hpp"
#include "race_detector.hpp"

namespace weft::interpose {

namespace {

constexpr std::size_t k_least_stack = 64 << 10;  // calls that park take some more of it than libc's

// std::thread calls pthread_create in libstdc++. What it is to run has a table of functions where it was compiled.
bool is_of_libweft(const void* caller, const void* argument) noexcept {
  if (is_ours(caller)) return true;
  Dl_info info{};
  if (argument == nullptr || ::dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  return std::strstr(info.dli_fname, "libstdc++") != nullptr && is_ours(*static_cast<const void* const*>(argument));
}

bool wants_real_time(const pthread_attr_t* attributes) noexcept {
  int inherits = PTHREAD_INHERIT_SCHED, policy = SCHED_OTHER;
  if (attributes == nullptr || ::pthread_attr_getinheritsched(attributes, &inherits) != 0) return false;
  (void)::pthread_attr_getschedpolicy(attributes, &policy);
  return inherits == PTHREAD_EXPLICIT_SCHED && policy != SCHED_OTHER;
}

bool makes_fibers(const pthread_attr_t* attributes, const void* argument, const void* caller) noexcept {
  return threads_are_fibers() && detail::on_fiber() && !is_forked_child() && !is_of_libweft(caller, argument) &&
         !wants_real_time(attributes);
}

std::size_t default_stack() noexcept {
  static const std::size_t size = [] {
    if (std::getenv("WEFT_STACK_SIZE") != nullptr) return std::size_t{0};  // the runtime's, which has read it
    pthread_attr_t standard;
    std::size_t bytes = 8 << 20;
    if (::pthread_attr_init(&standard) != 0) return bytes;
    (void)::pthread_attr_getstacksize(&standard, &bytes);
    ::pthread_attr_destroy(&standard);
    return std::min<std::size_t>(bytes, 1 << 30);
  }();
  return size;
}

std::size_t stack_of(const pthread_attr_t* attributes) noexcept {
  std::size_t bytes = 0;
  if (attributes == nullptr || ::pthread_attr_getstacksize(attributes, &bytes) != 0) return default_stack();
  return std::max(bytes, k_least_stack);
}

// A child of fork has this thread alone: its end is the process's.
void run_body(fiber_thread& thread) {
  thread.result = thread.c11_start != nullptr
                      ? reinterpret_cast<void*>(static_cast<std::intptr_t>(thread.c11_start(thread.argument)))
                      : thread.start(thread.argument);
  if (is_forked_child()) std::exit(0);
}

int start_fiber(fiber_thread* thread, std::size_t stack_size) noexcept {
  try {
    weft::go({.name = "thread", .stack_size = stack_size}, [thread] { run_as_thread(*thread, &run_body); });
    return 0;
  } catch (const std::invalid_argument&) {
    return EINVAL;
  } catch (const std::exception&) {
    return EAGAIN;
  }
}

// `set_up` says what it is to run.
template <class SetUp>
int create_fiber(pthread_t* handle, const pthread_attr_t* attributes, void* argument, SetUp set_up) noexcept {
  fiber_thread* const thread = take_thread();
  if (thread == nullptr) return EAGAIN;
  set_up(*thread);
  thread->argument = argument;
  int how = PTHREAD_CREATE_JOINABLE;
  if (attributes != nullptr) (void)::pthread_attr_getdetachstate(attributes, &how);
  thread->is_detached = how == PTHREAD_CREATE_DETACHED;
  if (const fiber_thread* const maker = this_fiber_thread()) thread->mask = maker->mask;
  *handle = handle_of(thread);
  const int error = start_fiber(thread, stack_of(attributes));
  if (error != 0) give_back_thread(thread);
  return error;
}

// C11's threads as POSIX has them: ThreadSanitizer knows no others, and ends the process in one that it does not know.
struct c11_body {
  thrd_start_t start;
  void* argument;
};

void* as_c11(int value) noexcept { return reinterpret_cast<void*>(static_cast<std::intptr_t>(value)); }

void* run_c11_body(void* given) {
  const c11_body body = *static_cast<c11_body*>(given);
  delete static_cast<c11_body*>(given);
  return as_c11(body.start(body.argument));
}

int create_c11_thread(thrd_t* handle, thrd_start_t start, void* argument) noexcept {
  if (!has_race_detector()) return real().thrd_create(handle, start, argument);
  auto* const body = new (std::nothrow) c11_body{start, argument};
  if (body == nullptr) return thrd_nomem;
  const int error = real().pthread_create(handle, nullptr, &run_c11_body, body);
  if (error != 0) delete body;
  return error == 0 ? thrd_success : thrd_error;
}

void end_c11_thread(int value) {
  if (has_race_detector()) real().pthread_exit(as_c11(value));
  real().thrd_exit(value);
}

int detach_c11_thread(thrd_t handle) noexcept {
  if (!has_race_detector()) return real().thrd_detach(handle);
  return real().pthread_detach(handle) == 0 ? thrd_success : thrd_error;
}

}  // namespace

}  // namespace weft::interpose

using namespace weft::interpose;

WEFT_TAKES int pthread_create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
                              void* argument) noexcept {
  if (!makes_fibers(attributes, argument, WEFT_CALLER))
    return real().pthread_create(handle, attributes, start, argument);
  return create_fiber(handle, attributes, argument, [start](fiber_thread& thread) { thread.start = start; });
}
WEFT_TAKES int thrd_create(thrd_t* handle, thrd_start_t start, void* argument) {
  if (!makes_fibers(nullptr, nullptr, WEFT_CALLER)) return create_c11_thread(handle, start, argument);
  const int error =
      create_fiber(handle, nullptr, argument, [start](fiber_thread& thread) { thread.c11_start = start; });
  return error == 0 ? thrd_success : error == EAGAIN ? thrd_nomem : thrd_error;
}

WEFT_TAKES int pthread_detach(pthread_t handle) noexcept {
  fiber_thread* const thread = thread_of(handle);
  return thread != nullptr ? detach_fiber(*thread) : real().pthread_detach(handle);
}
WEFT_TAKES int thrd_detach(thrd_t handle) {
  fiber_thread* const thread = thread_of(handle);
  if (thread == nullptr) return detach_c11_thread(handle);
  return detach_fiber(*thread) == 0 ? thrd_success : thrd_error;
}

WEFT_TAKES pthread_t pthread_self() noexcept {
  const fiber_thread* const own = this_fiber_thread();
  return own != nullptr ? handle_of(own) : real().pthread_self();
}
WEFT_TAKES thrd_t thrd_current() {
  const fiber_thread* const own = this_fiber_thread();
  return own != nullptr ? handle_of(own) : real().thrd_current();
}

// By an exception of its own: what stands on the stack is destroyed, as libc does it.
WEFT_TAKES void pthread_exit(void* value) {
  if (this_fiber_thread() == nullptr) real().pthread_exit(value);
  if (is_forked_child()) std::exit(0);
  throw thread_exit{value};
}
WEFT_TAKES void thrd_exit(int value) {
  if (this_fiber_thread() == nullptr) end_c11_thread(value);
  if (is_forked_child()) std::exit(0);
  throw thread_exit{as_c11(value)};
}
