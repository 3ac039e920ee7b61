// Room: runtime. See forks.hpp.

#include "forks.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

#include "own_threads.hpp"
#include "scheduler.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

// relaxed, both: written where there is one thread.
constinit std::atomic<std::uint32_t> g_forks{0};
constinit std::atomic<bool> g_beside_a_runtime{false};

}  // namespace

std::uint32_t forks_behind() noexcept { return g_forks.load(std::memory_order_relaxed); }  // relaxed: as above

bool is_forked_beside_a_runtime() noexcept {
  return g_beside_a_runtime.load(std::memory_order_relaxed);  // relaxed: as above
}

void refuse_in_forked_child(const char* call) {
  if (!is_forked_beside_a_runtime()) return;
  throw std::logic_error(std::string("weft: ") + call +
                         " in a process that was forked while a runtime lived: its threads and locks stayed in the "
                         "parent; call exec, or fork before run");
}

void begin_child() noexcept {
  g_forks.fetch_add(1, std::memory_order_relaxed);  // relaxed, both: as above
  if (living_runtimes() != 0) g_beside_a_runtime.store(true, std::memory_order_relaxed);
  forget_own_threads();
  set_this_worker(nullptr);
}

}  // namespace weft::detail
