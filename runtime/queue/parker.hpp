#pragma once
// Room: runtime. How one worker's thread sleeps: on its own futex word, or inside the poller. A wake that comes before
// the sleep is kept, and ends the next one at once; one that comes too late does the same, which costs a look around.

#include <atomic>
#include <cstdint>

#include <weft/runtime/detail/futex.hpp>
#include <weft/runtime/poller.hpp>

namespace weft::detail {

class parker {
 public:
  // The worker itself.
  void wait_until(deadline until) noexcept {
    std::uint32_t expected = k_awake;
    // acquire: what the waker published before wake(); pairs with its exchange.
    if (state_.compare_exchange_strong(expected, k_asleep, std::memory_order_acquire, std::memory_order_acquire)) {
      while (state_.load(std::memory_order_acquire) == k_asleep)  // acquire: pairs with the exchange in wake()
        if (!futex_wait_until(state_, k_asleep, until)) break;
    }
    consume();
  }

  // The same around a poll: false if a wake has come already, and there is nothing to sleep for. Ended by end_polling.
  [[nodiscard]] bool begin_polling() noexcept {
    std::uint32_t expected = k_awake;
    // acq_rel: acquires what came before a wake, releases that a poller is installed; pairs with wake().
    return state_.compare_exchange_strong(expected, k_polling, std::memory_order_acq_rel, std::memory_order_acquire);
  }
  void end_polling() noexcept { consume(); }

  // Any thread. `installed` says where the worker polls, if it polls: asked after the exchange, so that a poller which
  // the worker has entered is seen.
  template <class Installed>
  void wake(Installed installed) noexcept {
    // acq_rel: releases what was published before (pairs with the acquires above), acquires the poller that a polling
    // worker uses (pairs with begin_polling).
    const std::uint32_t before = state_.exchange(k_notified, std::memory_order_acq_rel);
    if (before == k_asleep) futex_wake_one(state_);
    if (before != k_polling) return;
    if (poller* const p = installed()) p->wake();
  }

 private:
  static constexpr std::uint32_t k_awake = 0;
  static constexpr std::uint32_t k_asleep = 1;
  static constexpr std::uint32_t k_polling = 2;
  static constexpr std::uint32_t k_notified = 3;

  void consume() noexcept { state_.exchange(k_awake, std::memory_order_acquire); }  // acquire: pairs with wake()

  std::atomic<std::uint32_t> state_{k_awake};
};

}  // namespace weft::detail
