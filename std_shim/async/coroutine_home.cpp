// Room: async. See detail/coroutine_home.hpp.

#include <weft/async/detail/coroutine_home.hpp>

#include <weft/runtime/runtime.hpp>

namespace weft::detail {

namespace {

scheduler* make_home_of_threads() {
  // Never destroyed: threads that outlive main may still be in it.
  static runtime* const home = new runtime({.workers = 1});
  return home->run([] { return this_runtime(); });
}

}  // namespace

scheduler* coroutine_home() {
  if (scheduler* const mine = this_runtime()) return mine;
  static scheduler* const of_threads = make_home_of_threads();
  return of_threads;
}

}  // namespace weft::detail
