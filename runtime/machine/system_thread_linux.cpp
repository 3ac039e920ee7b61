// Room: runtime. See system_thread.hpp.

#include "system_thread.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft::detail {

int this_thread_number() noexcept { return static_cast<int>(::syscall(SYS_gettid)); }

void name_this_thread(const char* name) noexcept { ::prctl(PR_SET_NAME, name); }

thread_stack this_thread_stack() noexcept {
  thread_stack mine;
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return mine;
  void* bottom = nullptr;
  ::pthread_attr_getstack(&attributes, &bottom, &mine.size);
  ::pthread_attr_getguardsize(&attributes, &mine.guard_size);
  ::pthread_attr_destroy(&attributes);
  mine.bottom = reinterpret_cast<std::uintptr_t>(bottom);
  return mine;
}

bool this_thread_clock(clockid_t& clock) noexcept { return ::pthread_getcpuclockid(::pthread_self(), &clock) == 0; }

// One number of the kernel's, in one call.
std::uint64_t threads_of_process() noexcept {
  struct stat about {};
  constexpr std::uint64_t k_links_of_any_directory = 2;
  if (::stat("/proc/self/task", &about) != 0 || about.st_nlink < k_links_of_any_directory) return 0;
  return about.st_nlink - k_links_of_any_directory;
}

}  // namespace weft::detail
