// Room: tests. main() of a program whose processes have accidents, those of its other files: `accidents NAME`.

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <support/accident.hpp>

#include "deadlock_watch.hpp"
#include "fiber_block.hpp"
#include "this_worker.hpp"

namespace weft::testing {

namespace {

std::map<std::string, int (*)()>& all() {
  static std::map<std::string, int (*)()> accidents;
  return accidents;
}

}  // namespace

bool has_met_all_waits() noexcept { return detail::this_fiber_block()->word.state() == detail::wait_state::running; }

std::uint64_t deadlock_looks() noexcept { return detail::deadlock_watch::looks(); }

accident::accident(const char* name, int (*body)()) { all()[name] = body; }

}  // namespace weft::testing

int main(int argc, char** argv) {
  const auto& all = weft::testing::all();
  const auto found = argc == 2 ? all.find(argv[1]) : all.end();
  if (found == all.end()) {
    std::fprintf(stderr, "usage: %s NAME, with one of:\n", argv[0]);
    for (const auto& [name, body] : all) std::fprintf(stderr, "  %s\n", name.c_str());
    return 64;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that gives up leaves nobody behind
  const rlimit no_core{};
  ::setrlimit(RLIMIT_CORE, &no_core);
  return found->second();
}
