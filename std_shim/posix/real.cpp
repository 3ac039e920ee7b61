// Room: posix. See real.hpp.

#include "real.hpp"

#include <array>
#include <cstdio>
#include <cstring>

#include <dlfcn.h>

#include <weft/runtime/detail/check.hpp>

#include "race_detector.hpp"

namespace weft::posix {

constinit real_table g_real{};

namespace {

bool is_of_who_takes_names(void* address) noexcept {
  Dl_info what{};
  return ::dladdr(address, &what) != 0 && what.dli_fname != nullptr && std::strstr(what.dli_fname, "weft_interpose");
}

bool has_sanitizer() noexcept { return ::dlsym(RTLD_DEFAULT, "__interceptor_read") != nullptr; }

// Its runtime may stand before us, too, where nobody looks who looks behind. But it has a second name for each of its
// own.
void* sanitizers_own(const char* name) noexcept {
  std::array<char, 64> theirs{};
  std::snprintf(theirs.data(), theirs.size(), "__interceptor_%s", name);
  return ::dlsym(RTLD_DEFAULT, theirs.data());
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
void fill(F& function, const char* name, bool is_sanitized) noexcept {
  void* const checked = is_sanitized ? sanitizers_own(name) : nullptr;
  function = reinterpret_cast<F>(checked != nullptr ? checked : look_up(name));
}

}  // namespace

// Who comes at the same time fills in the same.
void fill_real() noexcept {
  const bool is_sanitized = has_sanitizer();
#define WEFT_FILL(name) fill(g_real.name, #name, is_sanitized);
  WEFT_REAL_NAMES(WEFT_FILL)
#undef WEFT_FILL
  const told_calls told = is_sanitized ? calls_for_race_detector() : told_calls{};
  if (told.preadv2 == nullptr) return;
  g_real.preadv2 = told.preadv2;
  g_real.pwritev2 = told.pwritev2;
}

namespace {

[[gnu::constructor]] void fill_at_load() noexcept { fill_real(); }

}  // namespace

}  // namespace weft::posix
