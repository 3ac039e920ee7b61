// std_shim, interpose. See courier.hpp.

#include "courier.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>

#include <dlfcn.h>
#include <pthread.h>

#include "courier_slots.hpp"
#include "lot.hpp"
#include "real_functions.hpp"

namespace weft::interpose {

namespace {

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constinit courier_slots<detail::real_env, 64> g_slots{};
constinit std::atomic<bool> g_exists{false};
sem_t g_bell;  // all zero: nothing is posted

using signal_bits = std::uint64_t;

[[gnu::tls_model("initial-exec")]] thread_local constinit signal_bits t_usual = 0;
[[gnu::tls_model("initial-exec")]] thread_local constinit bool t_has_usual = false;

[[gnu::noinline]] signal_bits blocked_signals() noexcept {
  sigset_t now;
  sigemptyset(&now);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return now.__val[0];
}

// Not for the race detector, as errno (last_error.hpp).
__attribute__((noinline, no_sanitize("thread"))) void note_usual_signals() noexcept {
  if (t_has_usual) return;
  t_usual = blocked_signals();
  t_has_usual = true;
}

__attribute__((noinline, no_sanitize("thread"))) bool has_usual_signals() noexcept {
  return blocked_signals() == t_usual;
}

// Q2 and Q3.
void deliver() noexcept {
  g_slots.take_all([](std::uintptr_t address) { wake_from_lot(reinterpret_cast<const void*>(address), 1); },
                   [] { wake_all_from_lot(); });
}

void* run_courier(void*) noexcept {
  ::pthread_setname_np(::pthread_self(), "weft-courier");
  for (;;)
    if (real().sem_wait(&g_bell) == 0) deliver();
}

bool begin_thread() noexcept {
  // libc's own: a program may have its threads made fibers.
  const auto create = reinterpret_cast<decltype(&::pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // which the thread inherits
  pthread_t thread;
  const bool begun = create != nullptr && create(&thread, nullptr, &run_courier, nullptr) == 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (begun) ::pthread_detach(thread);
  return begun;
}

}  // namespace

void begin_courier() noexcept {
  note_usual_signals();
  // relaxed, all: what is posted before it runs waits for it at the bell.
  if (g_exists.load(std::memory_order_relaxed) || g_exists.exchange(true, std::memory_order_relaxed)) return;
  if (!begin_thread()) g_exists.store(false, std::memory_order_relaxed);  // relaxed: as above
}

void wake_one_from_anywhere(const void* address) noexcept {
  // relaxed: as in begin_courier.
  if (has_usual_signals() || !g_exists.load(std::memory_order_relaxed)) {
    wake_from_lot(address, 1);
    return;
  }
  g_slots.leave(reinterpret_cast<std::uintptr_t>(address));  // P3
  (void)real().sem_post(&g_bell);                            // P4
}

void forget_courier() noexcept {
  g_exists.store(false, std::memory_order_relaxed);  // relaxed: there is one thread
}

}  // namespace weft::interpose
