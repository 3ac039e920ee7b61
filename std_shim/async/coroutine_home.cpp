// Room: async. See detail/coroutine_home.hpp.

#include <weft/async/detail/coroutine_home.hpp>

#include <atomic>

#include <weft/runtime/runtime.hpp>

namespace weft::detail {

namespace {

constinit std::atomic<const scheduler*> g_of_threads{nullptr};

scheduler* make_runtime_of_threads() {
  // Never destroyed: threads that outlive main may still be in it.
  static runtime* const one = new runtime({.workers = 1});
  return one->run([] {
    g_of_threads.store(this_runtime(),
                       std::memory_order_relaxed);  // relaxed: compared by its own fibers, or after this
    return this_runtime();
  });
}

}  // namespace

scheduler* coroutine_home() {
  if (scheduler* const mine = this_runtime()) return mine;
  static scheduler* const of_threads = make_runtime_of_threads();
  return of_threads;
}

bool never_ends(const scheduler* runtime) noexcept {
  return g_of_threads.load(std::memory_order_relaxed) == runtime;  // relaxed: as above
}

}  // namespace weft::detail
