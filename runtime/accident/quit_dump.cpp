// Room: runtime. See quit_dump.hpp.
//
// "Asking for a dump"   the handler, on any thread        a monitor
//   Q1 asked + 1                                     M1 asleep = 1  ("Going to sleep", monitor.hpp)
//   Q2 wake each monitor in the table: its           M2 fence
//      fence comes before the look whether it        Q3 asked is another than answered: no sleep
//      sleeps                                        Q4 at each tick: answered = asked, by a compare-and-swap;
//                                                       whoever does it writes
// Of Q2's look and Q3 one sees the other's store. Requests that come while one is written are answered by one more.
//
// "Leaving the table"   the handler                       the runtime's end
//   H1 inside + 1                                    E1 the monitor's place is empty
//   H2 look at the places, wake who is there         E2 wait until inside is 0
//   H3 inside - 1
// H1 and E1 are seq_cst, each before a look at the other's: so a monitor that H2 finds lives until H3. A handler waits
// for nothing, so E2 is short; one that interrupts E2 on its own thread has left when that goes on.

#include "quit_dump.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <new>
#include <sstream>
#include <thread>

#include <weft/runtime/dump.hpp>

#include "dump_requests.hpp"
#include "monitor.hpp"

namespace weft::detail {

namespace {

// Of further runtimes none is asked: one monitor is enough.
constexpr std::size_t k_places = 16;

// Any thread, handlers too.
constinit std::array<std::atomic<monitor*>, k_places> g_may_be_asked{};
constinit std::atomic<std::uint32_t> g_inside{0};
constinit std::atomic<std::uint32_t> g_asked{0};
constinit std::atomic<std::uint32_t> g_answered{0};
constinit std::atomic<std::uint32_t> g_written{0};
static_assert(std::atomic<monitor*>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

// Guards the disposition, and who stands in the table.
constinit std::mutex g_table_lock;

bool wake_monitors() noexcept {
  bool found = false;
  g_inside.fetch_add(1, std::memory_order_seq_cst);  // seq_cst: H1, pairs with E1 and E2
  for (const auto& place : g_may_be_asked)
    if (monitor* const each = place.load(std::memory_order_seq_cst)) {  // seq_cst: H2, pairs with E1
      each->wake();
      found = true;
    }
  g_inside.fetch_sub(1, std::memory_order_release);  // release: H3, pairs with E2
  return found;
}

void on_quit(int signal) {
  const int kept = errno;
  g_asked.fetch_add(1, std::memory_order_relaxed);  // relaxed: Q1, before the fence in wake()
  if (!wake_monitors()) {  // put back by somebody after the last runtime: as if we had never been
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  errno = kept;
}

[[nodiscard]] bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == &on_quit;
}

// True if ours stands. SA_RESTART: no system call of the program's notices.
bool install() noexcept {
  struct sigaction found {};
  ::sigaction(SIGQUIT, nullptr, &found);
  if (is_ours(found)) return true;
  if ((found.sa_flags & SA_SIGINFO) != 0 || found.sa_handler != SIG_DFL) return false;
  struct sigaction ours {};
  ours.sa_handler = &on_quit;
  ours.sa_flags = SA_ONSTACK | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  return ::sigaction(SIGQUIT, &ours, nullptr) == 0;
}

void uninstall() noexcept {
  struct sigaction found {};
  ::sigaction(SIGQUIT, nullptr, &found);
  if (is_ours(found)) std::signal(SIGQUIT, SIG_DFL);
}

bool is_table_empty() noexcept {
  for (const auto& place : g_may_be_asked)
    if (place.load(std::memory_order_relaxed) != nullptr) return false;  // relaxed: written under g_table_lock
  return true;
}

}  // namespace

void begin_quit_dump(monitor& may_be_asked) noexcept {
  const std::scoped_lock lock(g_table_lock);
  for (auto& place : g_may_be_asked) {
    if (place.load(std::memory_order_relaxed) != nullptr) continue;   // relaxed: written under g_table_lock
    place.store(&may_be_asked, std::memory_order_release);            // release: the monitor; pairs with H2
    if (!install()) place.store(nullptr, std::memory_order_relaxed);  // relaxed: no handler of ours has seen it
    return;
  }
}

void end_quit_dump(const monitor& was_asked) noexcept {
  const std::scoped_lock lock(g_table_lock);
  bool found = false;
  for (auto& place : g_may_be_asked) {
    if (place.load(std::memory_order_relaxed) != &was_asked) continue;  // relaxed: written under g_table_lock
    found = true;
    if (place.store(nullptr, std::memory_order_seq_cst); is_table_empty()) uninstall();  // seq_cst: E1, pairs with H1
  }
  if (!found) return;
  while (g_inside.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();  // seq_cst: E2, pairs with H1, H3
}

std::uint32_t quit_dumps_written() noexcept {
  return g_written.load(std::memory_order_acquire);  // acquire: what was written; pairs with answer_dump_request
}

bool is_dump_requested() noexcept {
  // relaxed, both: Q3, after the fence M2; at a tick, a hint.
  return g_asked.load(std::memory_order_relaxed) != g_answered.load(std::memory_order_relaxed);
}

void answer_dump_request() noexcept {
  if (!is_dump_requested()) [[likely]]
    return;
  std::uint32_t answered = g_answered.load(std::memory_order_relaxed);  // relaxed, both: Q4, only who does it matters
  const std::uint32_t asked = g_asked.load(std::memory_order_relaxed);
  if (answered == asked || !g_answered.compare_exchange_strong(answered, asked, std::memory_order_relaxed)) return;
  try {
    std::ostringstream text;
    dump(text);
    std::fputs(text.str().c_str(), stderr);
    std::fflush(stderr);
  } catch (const std::bad_alloc&) {
    return;
  }
  g_written.fetch_add(1, std::memory_order_release);  // release: pairs with quit_dumps_written
}

}  // namespace weft::detail
