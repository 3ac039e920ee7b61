#pragma once
// Room: runtime. What a running fiber must look at before it waits, in one byte: zero, as nearly always, and there is
// nothing. It owns that somebody asked for the fiber's end, and that a time limit is on; what follows from them is
// decided in cancellation.cpp.
//
// "Asking to end"   who asks (a handle, a group)             the fiber
//   A1 request                                               B1 publish the wait    or  make the stop source known
//   A2 load the stop source: set it                          B2 is it requested?        is it requested?
//   A3 load the waiting word: claim it ("Cancelling", C2)       end the wait            set it
// All of them are seq_cst, so of A and B one sees the other. Whoever comes second may do again what the first has done:
// a claim fails then, and a stop source is set once. A2 comes before A3, so that a fiber that waits finds its token set
// when it wakes, and the callbacks have run on who asks. One that runs may meet the request a moment before.
// A limit begins and ends by the fiber alone, beside A1: neither loses the other's bit.
// Model: tests/model/attention_word_model.cpp. Next: waiting_word.hpp, fiber_extension.cpp.

#include <atomic>
#include <cstdint>

namespace weft::detail {

template <class Env>
class attention_word {
 public:
  // By the spawner: before the fiber is in a queue, which publishes it.
  void reset(bool requested, bool limited) noexcept {
    // relaxed: see above; for others a hint.
    word_.store(static_cast<std::uint8_t>((requested ? k_requested : 0) | (limited ? k_limited : 0)),
                std::memory_order_relaxed);
  }

  // A1. Any thread.
  void request() noexcept { word_.fetch_or(k_requested, std::memory_order_seq_cst); }  // seq_cst: pairs with B2

  // B2. Any thread.
  [[nodiscard]] bool is_requested() const noexcept {
    return (word_.load(std::memory_order_seq_cst) & k_requested) != 0;  // seq_cst: after B1; pairs with A1
  }

  // B2, and whether a limit is on, at once. For others than the fiber a hint.
  [[nodiscard]] bool is_set() const noexcept {
    return word_.load(std::memory_order_seq_cst) != 0;  // seq_cst: after B1; pairs with A1
  }

  // By the fiber itself. relaxed, both: for its own eyes.
  void begin_limit() noexcept { word_.fetch_or(k_limited, std::memory_order_relaxed); }
  void end_limit() noexcept { word_.fetch_and(static_cast<std::uint8_t>(~k_limited), std::memory_order_relaxed); }

 private:
  static constexpr std::uint8_t k_requested = 1;
  static constexpr std::uint8_t k_limited = 2;

  typename Env::template atomic<std::uint8_t> word_{0};
};

}  // namespace weft::detail
