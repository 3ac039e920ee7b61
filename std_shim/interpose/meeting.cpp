// std_shim, interpose: what happens when a runtime begins. Each tells it by this one name, if somebody has that.

#include <cstdio>

#include <csignal>
#include <dlfcn.h>

#include "exports.hpp"
#include "ground.hpp"

namespace weft::interpose {

namespace {

// Libraries save and restore the action of SIGPIPE around each of their calls (libcurl, libpq): of two such calls side
// by side the second would restore what the first has set. Where it is ignored from the beginning, all of them set what
// was. A handler of the program's own stays.
void ignore_broken_pipes() noexcept {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

void say_that_there_are_two(const void* code) noexcept {
  Dl_info where{};
  (void)::dladdr(code, &where);
  std::fprintf(
      stderr,
      "weft: libweft_interpose knows the fibers of the shared libweft, and not those of the second weft in this "
      "process, in %s: link that with the shared libweft\n",
      where.dli_fname != nullptr ? where.dli_fname : "the program");
}

}  // namespace

}  // namespace weft::interpose

// `code` stands in the weft that the runtime is of.
extern "C" [[gnu::visibility("default")]] void weft_interpose_meets(const void* code) noexcept;
extern "C" void weft_interpose_meets(const void* code) noexcept {
  weft::interpose::ignore_broken_pipes();
  if (!weft::interpose::is_the_weft_we_know(code)) weft::interpose::say_that_there_are_two(code);
}
