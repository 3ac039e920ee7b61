// Room: netpoll. See signal_slot.hpp.

#include "signal_slot.hpp"

#include <bit>
#include <csignal>
#include <thread>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "syscalls.hpp"

namespace weft::net::detail {

namespace {

constexpr int k_most_signals = 64;

constinit std::atomic<signal_slot*> g_slots{nullptr};

constexpr signal_set bit_of(int signal) noexcept { return signal_set{1} << (signal - 1); }

// "Delivering", S1 to S4. Async-signal-safe.
void on_signal(int signal) {
  // acquire: sees the slots made; pairs with the release of take_slot.
  for (signal_slot* slot = g_slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
    slot->running.fetch_add(1, std::memory_order_seq_cst);  // seq_cst: before S2; pairs with D2
    // seq_cst: after S1; pairs with D1.
    const int event = slot->event.load(std::memory_order_seq_cst);
    // relaxed: written before event was.
    if (event >= 0 && (slot->wanted.load(std::memory_order_relaxed) & bit_of(signal)) != 0) {
      // release: pairs with take_pending, though nothing but the bit is handed over.
      slot->pending.fetch_or(bit_of(signal), std::memory_order_release);
      raise_event(event);
    }
    slot->running.fetch_sub(1, std::memory_order_release);  // release: S3 is over; pairs with D2
  }
}

// Who handles a signal while slots want it.
struct disposition {
  unsigned wanted_by = 0;
  struct sigaction before {};
};

constinit weft::detail::internal_lock g_lock;
constinit disposition g_dispositions[k_most_signals] WEFT_GUARDED_BY(g_lock);

// A handler that returns from one of these meets it again at once; the others cannot be caught at all.
bool can_wait_for(int signal) noexcept {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP: return false;
    default: return signal >= 1 && signal <= k_most_signals;
  }
}

std::error_code want(int signal) noexcept WEFT_REQUIRES(g_lock) {
  if (!can_wait_for(signal)) return std::make_error_code(std::errc::invalid_argument);
  disposition& mine = g_dispositions[signal - 1];
  if (mine.wanted_by == 0) {
    struct sigaction ours {};
    ours.sa_handler = &on_signal;
    ours.sa_flags = SA_RESTART | SA_ONSTACK;
    sigfillset(&ours.sa_mask);
    if (auto ec = change_signal_action(signal, ours, mine.before)) return ec;
  }
  ++mine.wanted_by;
  return {};
}

void unwant(int signal) noexcept WEFT_REQUIRES(g_lock) {
  disposition& mine = g_dispositions[signal - 1];
  struct sigaction ours {};
  // Cannot fail: it did not before.
  if (--mine.wanted_by == 0) static_cast<void>(change_signal_action(signal, mine.before, ours));
}

void unwant_all(signal_set signals) noexcept WEFT_REQUIRES(g_lock) {
  for (; signals != 0; signals &= signals - 1) unwant(std::countr_zero(signals) + 1);
}

std::error_code want_all(std::span<const int> signals, signal_set& wanted) noexcept WEFT_REQUIRES(g_lock) {
  wanted = 0;
  for (const int signal : signals) {
    if (can_wait_for(signal) && (wanted & bit_of(signal)) != 0) continue;  // named twice
    if (auto ec = want(signal)) {
      unwant_all(wanted);
      return ec;
    }
    wanted |= bit_of(signal);
  }
  return {};
}

signal_slot& take_slot() WEFT_REQUIRES(g_lock) {
  // relaxed, both loads: the list changes under the lock alone.
  for (signal_slot* slot = g_slots.load(std::memory_order_relaxed); slot != nullptr; slot = slot->next)
    if (!slot->is_taken) return *slot;
  auto* const slot = new signal_slot;
  // relaxed: as above.
  slot->next = g_slots.load(std::memory_order_relaxed);  // relaxed: as above
  g_slots.store(slot, std::memory_order_release);        // release: pairs with the acquire of on_signal
  return *slot;
}

}  // namespace

signal_slot* activate(std::span<const int> signals, int event, std::error_code& ec) {
  const weft::detail::internal_guard guard(g_lock);
  signal_slot& slot = take_slot();
  signal_set wanted = 0;
  // Wanted before it is handled: a signal that comes in between is not lost.
  for (const int signal : signals)
    if (can_wait_for(signal)) wanted |= bit_of(signal);
  // relaxed: published by event.
  slot.pending.store(0, std::memory_order_relaxed);
  slot.wanted.store(wanted, std::memory_order_relaxed);
  slot.event.store(event, std::memory_order_seq_cst);  // seq_cst: as all of event; publishes the two above to S2
  if ((ec = want_all(signals, wanted))) {
    slot.event.store(-1, std::memory_order_seq_cst);  // seq_cst: D1
    // seq_cst: D2, pairs with S1.
    while (slot.running.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    return nullptr;
  }
  slot.is_taken = true;
  return &slot;
}

void deactivate(signal_slot& slot) noexcept {
  const weft::detail::internal_guard guard(g_lock);
  // relaxed: written by activate.
  unwant_all(slot.wanted.load(std::memory_order_relaxed));
  slot.event.store(-1, std::memory_order_seq_cst);  // seq_cst: D1, before D2; pairs with S2
  // seq_cst: D2, pairs with S1.
  while (slot.running.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
  slot.is_taken = false;
}

int take_pending(signal_slot& slot) noexcept {
  // relaxed: the exchange decides.
  signal_set seen = slot.pending.load(std::memory_order_relaxed);
  while (seen != 0) {
    const signal_set first = seen & (~seen + 1);
    // acquire: pairs with on_signal.
    if (slot.pending.compare_exchange_weak(seen, seen & ~first, std::memory_order_acquire, std::memory_order_relaxed))
      return std::countr_zero(first) + 1;
  }
  return 0;
}

}  // namespace weft::net::detail
