#pragma once
// std_shim, interpose: libc's own functions behind the names that are taken (taken_names.hpp). Found when the first of
// them is called, which may be before any constructor of ours has run; once found they stay.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <unistd.h>

#include "undeclared_names.hpp"
#include "taken_names.hpp"

namespace weft::interpose {

struct real_functions {
#define WEFT_ONE(name) decltype(&::name) name = nullptr;
#define WEFT_NOT(alias, name)
  WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_NOT)
#undef WEFT_ONE
#undef WEFT_NOT
};

// Which name, for the report.
enum class taken : unsigned {
#define WEFT_ONE(name) name,
#define WEFT_NOT(alias, name)
  WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_NOT)
#undef WEFT_ONE
#undef WEFT_NOT
      how_many
};

[[nodiscard]] const char* name_of(taken which) noexcept;

extern real_functions g_real;

// Fills g_real. Any thread, more than once: all find the same.
void find_real_functions() noexcept;

[[nodiscard]] inline const real_functions& real() noexcept {
  if (__atomic_load_n(&g_real.syscall, __ATOMIC_ACQUIRE) == nullptr) [[unlikely]]
    find_real_functions();
  return g_real;
}

}  // namespace weft::interpose
