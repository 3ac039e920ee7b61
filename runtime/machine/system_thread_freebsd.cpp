// Room: runtime. See system_thread.hpp.

#include "system_thread.hpp"

#include <sys/types.h>

#include <pthread.h>
#include <pthread_np.h>
#include <sys/sysctl.h>
#include <sys/user.h>
#include <unistd.h>

namespace weft::detail {

int this_thread_number() noexcept { return ::pthread_getthreadid_np(); }

void name_this_thread(const char* name) noexcept { ::pthread_set_name_np(::pthread_self(), name); }

thread_stack this_thread_stack() noexcept {
  thread_stack mine;
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return mine;
  if (::pthread_attr_get_np(::pthread_self(), &attributes) == 0) {
    void* bottom = nullptr;
    ::pthread_attr_getstack(&attributes, &bottom, &mine.size);
    ::pthread_attr_getguardsize(&attributes, &mine.guard_size);
    mine.bottom = reinterpret_cast<std::uintptr_t>(bottom);
  }
  ::pthread_attr_destroy(&attributes);
  return mine;
}

bool this_thread_clock(clockid_t& clock) noexcept { return ::pthread_getcpuclockid(::pthread_self(), &clock) == 0; }

std::uint64_t threads_of_process() noexcept {
  const int path[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, ::getpid()};
  kinfo_proc about{};
  std::size_t size = sizeof about;
  if (::sysctl(path, 4, &about, &size, nullptr, 0) != 0) return 0;
  return static_cast<std::uint64_t>(about.ki_numthreads);
}

}  // namespace weft::detail
