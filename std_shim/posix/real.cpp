// Room: posix. See real.hpp.

#include "real.hpp"

#include <cstring>

#include <dlfcn.h>

#include <weft/runtime/detail/check.hpp>

namespace weft::posix {

constinit real_table g_real{};

namespace {

bool is_of_who_takes_names(void* address) noexcept {
  Dl_info what{};
  return ::dladdr(address, &what) != 0 && what.dli_fname != nullptr && std::strstr(what.dli_fname, "weft_interpose");
}

void* look_up(const char* name) noexcept {
  void* const next = ::dlsym(RTLD_NEXT, name);
  if (next != nullptr && !is_of_who_takes_names(next)) return next;
  void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);  // never closed: it stays, as libc does
  void* const found = libc != nullptr ? ::dlsym(libc, name) : nullptr;
  WEFT_CHECK(found != nullptr, "posix: libc has no function of this name", name);
  return found;
}

template <class F>
void fill(F& function, const char* name) noexcept {
  function = reinterpret_cast<F>(look_up(name));
}

}  // namespace

// Who comes at the same time fills in the same.
void fill_real() noexcept {
#define WEFT_FILL(name) fill(g_real.name, #name);
  WEFT_REAL_NAMES(WEFT_FILL)
#undef WEFT_FILL
}

namespace {

[[gnu::constructor]] void fill_at_load() noexcept { fill_real(); }

}  // namespace

}  // namespace weft::posix
