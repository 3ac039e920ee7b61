// std_shim, interpose. See report.hpp. The counts stand in a table of fixed size: whoever counts may be anywhere, under
// any lock of the program's, and so takes no memory. A library beyond its room is counted as "others".

#include "report.hpp"

#include <array>
#include <cstdio>
#include <cstring>

#include <dlfcn.h>

#include <weft/runtime/detail/internal_lock.hpp>

namespace weft::interpose {

bool g_reports = false;

namespace {

constexpr std::size_t k_names = static_cast<std::size_t>(taken::how_many);
constexpr std::size_t k_grounds = static_cast<std::size_t>(ground::how_many);

struct library {
  const void* base = nullptr;
  std::array<char, 128> path{};
  std::array<std::array<std::uint64_t, k_grounds>, k_names> calls{};
};

constinit detail::internal_lock g_lock;
constinit std::array<library, 48> g_libraries{};  // guarded by g_lock; the last one is that of the others

library& library_of(const Dl_info& info) noexcept {
  for (library& each : g_libraries) {
    if (each.base == info.dli_fbase && each.base != nullptr) return each;
    if (each.base != nullptr) continue;
    if (&each == &g_libraries.back()) break;
    each.base = info.dli_fbase;
    std::strncpy(each.path.data(), info.dli_fname != nullptr ? info.dli_fname : "?", each.path.size() - 1);
    return each;
  }
  std::strcpy(g_libraries.back().path.data(), "others");
  return g_libraries.back();
}

constexpr const char* k_why[k_grounds] = {
    "no fiber",
    "libweft's own",
    "inside a pthread_once routine",
    "inside dlopen or dlclose",
    "inside a signal handler",
    "shared between processes, robust, or with priorities",
    "parked",
};

void print(const library& one) noexcept {
  for (std::size_t name = 0; name < k_names; ++name)
    for (std::size_t how = 0; how < k_grounds; ++how) {
      const std::uint64_t calls = one.calls[name][how];
      if (calls == 0) continue;
      const bool parked = how == static_cast<std::size_t>(ground::may_park);
      std::fprintf(stderr, "weft: interpose:   %s: %s %llu%s%s\n", name_of(static_cast<taken>(name)),
                   parked ? "parked" : "really blocked", static_cast<unsigned long long>(calls), parked ? "" : ", ",
                   parked ? "" : k_why[how]);
    }
}

bool has_calls(const library& one) noexcept { return one.path[0] != '\0'; }

}  // namespace

void note(taken which, const void* caller, ground how) noexcept {
  Dl_info info{};
  (void)::dladdr(caller, &info);
  const detail::internal_guard held(g_lock);
  ++library_of(info).calls[static_cast<std::size_t>(which)][static_cast<std::size_t>(how)];
}

void print_report() noexcept {
  bool any = false;
  for (const library& each : g_libraries) {
    if (!has_calls(each)) continue;
    any = true;
    std::fprintf(stderr, "weft: interpose: waits of fibers in %s\n", each.path.data());
    print(each);
  }
  if (!any) std::fputs("weft: interpose: no fiber waited in a call that is taken over\n", stderr);
  std::fputs(
      "weft: interpose: out of reach: what traps by itself (Go-built, static code), stdio and others of libc's "
      "functions "
      "that wait inside libc\n",
      stderr);
}

}  // namespace weft::interpose
