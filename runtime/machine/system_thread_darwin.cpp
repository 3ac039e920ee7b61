// Room: runtime. See system_thread.hpp.

#include "system_thread.hpp"

#include <mach/mach.h>
#include <pthread.h>
#include <unistd.h>

namespace weft::detail {

int this_thread_number() noexcept {
  std::uint64_t number = 0;
  ::pthread_threadid_np(nullptr, &number);
  return static_cast<int>(number);
}

void name_this_thread(const char* name) noexcept { ::pthread_setname_np(name); }

// The system tells the upper end.
thread_stack this_thread_stack() noexcept {
  const pthread_t self = ::pthread_self();
  const std::size_t size = ::pthread_get_stacksize_np(self);
  const auto top = reinterpret_cast<std::uintptr_t>(::pthread_get_stackaddr_np(self));
  return {top - size, size, static_cast<std::size_t>(::getpagesize())};
}

bool this_thread_clock(clockid_t&) noexcept { return false; }

std::uint64_t threads_of_process() noexcept {
  thread_act_array_t threads = nullptr;
  mach_msg_type_number_t count = 0;
  if (::task_threads(::mach_task_self(), &threads, &count) != KERN_SUCCESS) return 0;
  for (mach_msg_type_number_t i = 0; i < count; ++i) ::mach_port_deallocate(::mach_task_self(), threads[i]);
  ::vm_deallocate(::mach_task_self(), reinterpret_cast<vm_address_t>(threads), count * sizeof *threads);
  return count;
}

}  // namespace weft::detail
