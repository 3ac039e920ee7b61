// std_shim, interpose: the start. Each name is looked up as the program finds it, and compared with ours by its
// address: a library in between that took a name first (a sanitizer's, another interposer) would leave half a set,
// which is worse than none. What is wrong is said in one line on stderr, and never passed over in silence.
//
//   WEFT_INTERPOSE=report     tells at the end of the process who waited, and how (report.hpp)
//   WEFT_INTERPOSE=migrate    lets fibers that waited come back on another thread (gate.hpp)
//   WEFT_INTERPOSE=main       main and the threads of the program are fibers (main_thread.cpp)
// Several words are separated by commas.

#include <cstdio>
#include <cstring>

#include <dlfcn.h>
#include <link.h>

#include "gate.hpp"
#include "report.hpp"
#include "wanted_words.hpp"

namespace weft::interpose {

bool g_migrates = false;
bool g_has_begun = false;

namespace {

constexpr const char* k_all[] = {
#define WEFT_ONE(name) #name,
#define WEFT_ALIAS(alias, name) #alias,
    WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_ALIAS)
#undef WEFT_ONE
#undef WEFT_ALIAS
};

// In a program that has a fixed place in memory (Debian's python3) the address of a library's function, once it asks
// for it, is that of a jump of its own, for all: it goes on to the function, and takes no name.
bool is_a_jump_of_the_program(const Dl_info& found, const ElfW(Sym) * symbol) noexcept {
  return symbol != nullptr && symbol->st_shndx == SHN_UNDEF && found.dli_saddr != nullptr;
}

// As a library that asks for it finds it.
bool comes_to_us(const char* name) noexcept {
  void* const found = ::dlsym(RTLD_DEFAULT, name);
  Dl_info theirs{}, ours{};
  const ElfW(Sym)* symbol = nullptr;
  if (found == nullptr ||
      ::dladdr1(found, &theirs, const_cast<void**>(reinterpret_cast<const void**>(&symbol)), RTLD_DL_SYMENT) == 0)
    return false;
  return is_a_jump_of_the_program(theirs, symbol) ||
         (::dladdr(reinterpret_cast<const void*>(&find_real_functions), &ours) != 0 &&
          theirs.dli_fbase == ours.dli_fbase);
}

// Programs from before libc had it bring one (ssh), which comes to us by what it calls.
bool may_be_the_programs_own(const char* name) noexcept { return std::strcmp(name, "closefrom") == 0; }

void check_names() noexcept {
  unsigned lost = 0;
  const char* first = nullptr;
  for (const char* const each : k_all) {
    if (comes_to_us(each) || may_be_the_programs_own(each)) continue;
    if (lost++ == 0) first = each;
  }
  if (lost != 0)
    std::fprintf(
        stderr,
        "weft: libweft_interpose is not in the way of %u of %zu names (%s, for one): load it before all others, "
        "or link it to the program first; under a sanitizer link libweft_interpose.a into the program\n",
        lost, sizeof k_all / sizeof k_all[0], first);
}

void check_words() noexcept {
  for_each_word([](std::string_view word) noexcept {
    if (word != "report" && word != "migrate" && word != "main")
      std::fprintf(stderr,
                   "weft: WEFT_INTERPOSE has the word '%.*s', which is none of report, migrate, main (with commas in "
                   "between): it is passed over\n",
                   static_cast<int>(word.size()), word.data());
  });
}

[[gnu::constructor]] void start() noexcept {
  find_real_functions();
  if (!survey())
    std::fputs(
        "weft: libweft_interpose does not know this loader's locks: a fiber must not wait in a constructor that dlopen "
        "runs\n",
        stderr);
  if (!weft_is_apart())
    std::fputs(
        "weft: libweft_interpose needs the shared libweft: this program has weft linked into it, and calls of weft's "
        "own "
        "cannot be told from the program's\n",
        stderr);
  check_names();
  check_words();
  g_reports = asks_for("report");
  g_migrates = asks_for("migrate");
  g_has_begun = true;
}

[[gnu::destructor]] void end() noexcept {
  if (reports()) print_report();
}

}  // namespace

}  // namespace weft::interpose
