#pragma once
// Room: runtime. Where a fiber's end and whoever joins it meet: who looks at the outcome, and who has the block last.
// It owns the two words of that; the outcome, the joiner's token and its wait are fiber.cpp's, "Joining".
// Model: tests/model/join_word_model.cpp. Next: fiber.cpp.

#include <atomic>
#include <cstdint>

namespace weft::detail {

// Who looks at the outcome.
enum class join_state : std::uint32_t {
  running,   // a handle exists and nobody waits; the handle may move it to awaited or detached
  awaited,   // `joiner` waits; it may take that back to running, the fiber's end moves it to done
  detached,  // nobody will look: the fiber itself drops its outcome
  done,      // the outcome is in `storage` and belongs to the handle
};

template <class Env>
class join_word {
 public:
  // Before the fiber is in a queue, which publishes it.
  void reset(join_state first) noexcept { word_.store(first, std::memory_order_relaxed); }  // relaxed: see above

  // F1: the fiber's end. What was there before.
  [[nodiscard]] join_state complete() noexcept {
    // acq_rel: publishes the outcome to the handle (pairs with the acquires below), acquires `joiner` (pairs with
    // await).
    return word_.exchange(join_state::done, std::memory_order_acq_rel);
  }

  // --- The handle.

  // True: the outcome is there.
  [[nodiscard]] bool is_done() const noexcept {
    return word_.load(std::memory_order_acquire) == join_state::done;  // acquire: the outcome; pairs with complete
  }

  // J2, after `joiner` was written. False: it is done.
  [[nodiscard]] bool await() noexcept {
    join_state expected = join_state::running;
    // release: publishes `joiner` to complete. acquire on failure: the outcome; pairs with complete.
    return word_.compare_exchange_strong(expected, join_state::awaited, std::memory_order_release,
                                         std::memory_order_acquire);
  }

  // J4. False: it is done.
  [[nodiscard]] bool withdraw() noexcept {
    join_state expected = join_state::awaited;
    // relaxed, both: nobody has looked at `joiner`, or is_done is asked next.
    return word_.compare_exchange_strong(expected, join_state::running, std::memory_order_relaxed,
                                         std::memory_order_relaxed);
  }

  // False: it is done, and the outcome is the handle's to drop.
  [[nodiscard]] bool detach() noexcept {
    join_state expected = join_state::running;
    // acquire on failure: the outcome; pairs with complete. On success nothing of the handle's is needed, but g++ 12
    // warns of a failure order that is the stronger one.
    return word_.compare_exchange_strong(expected, join_state::detached, std::memory_order_acquire,
                                         std::memory_order_acquire);
  }

 private:
  typename Env::template atomic<join_state> word_{join_state::detached};
};

// The block's holders: the fiber itself, and its handle.
template <class Env>
class holder_count {
 public:
  // Before the fiber is in a queue, which publishes it.
  void reset(std::uint32_t holders) noexcept { word_.store(holders, std::memory_order_relaxed); }  // relaxed: see above

  // F3. True: the caller was the last.
  [[nodiscard]] bool give_up() noexcept {
    // A lone holder stays alone, for nobody is left to hand out another reference: it needs no locked instruction.
    // acquire, acq_rel: the last one sees all that the other did with the block; both pair with the release here.
    return word_.load(std::memory_order_acquire) == 1 || word_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  typename Env::template atomic<std::uint32_t> word_{0};
};

}  // namespace weft::detail
