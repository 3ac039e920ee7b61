// std_shim, interpose. See real_functions.hpp.

#include "real_functions.hpp"

#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>

namespace weft::interpose {

constinit real_functions g_real{};

namespace {

constexpr const char* k_names[] = {
#define WEFT_ONE(name) #name,
#define WEFT_NOT(alias, name)
    WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_NOT)
#undef WEFT_ONE
#undef WEFT_NOT
};

void* find(const char* name) noexcept {
  if (void* const function = ::dlsym(RTLD_NEXT, name)) return function;
  // Loaded behind libc: the start says so (start.cpp).
  void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  if (void* const function = libc != nullptr ? ::dlsym(libc, name) : nullptr) return function;
  std::fprintf(stderr, "weft: libweft_interpose: this libc has no %s; it needs glibc 2.35 or later\n", name);
  std::abort();
}

}  // namespace

// syscall is written last: whoever sees it sees the others.
void find_real_functions() noexcept {
#define WEFT_ONE(name)                         \
  if constexpr (taken::name != taken::syscall) \
    __atomic_store_n(reinterpret_cast<void**>(&g_real.name), find(#name), __ATOMIC_RELAXED);
#define WEFT_NOT(alias, name)
  void* const last = find("syscall");
  WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_NOT)
#undef WEFT_ONE
#undef WEFT_NOT
  __atomic_store_n(reinterpret_cast<void**>(&g_real.syscall), last, __ATOMIC_RELEASE);
}

const char* name_of(taken which) noexcept { return k_names[static_cast<unsigned>(which)]; }

}  // namespace weft::interpose
