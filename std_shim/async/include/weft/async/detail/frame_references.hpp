#pragma once
// Room: async. How many refer to a frame: P1, P3 and P5 of "Bringing" (pending_result.hpp). What is done by the last
// one, and how the waiter hears of it, is pending_result's.

#include <atomic>
#include <cstdint>

#include <weft/runtime/detail/real_env.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Env>
class frame_references {
 public:
  // P3. False: there is none left, and there will be none.
  [[nodiscard]] bool refer() noexcept {
    // relaxed: who takes one more publishes nothing by that, and reads nothing; it is given back in let_go.
    std::uint32_t now = count_.load(std::memory_order_relaxed);
    while (now != 0)
      if (count_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed, std::memory_order_relaxed)) return true;
    return false;
  }

  // P5. True: it was the last, who does P6.
  [[nodiscard]] bool let_go() noexcept {
    // release: what each has done to the frame; acquire: the last one hands all of it on, to the waiter. Pairs with
    // itself.
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  typename Env::template atomic<std::uint32_t> count_{1};
};

}  // namespace weft::detail

#pragma GCC visibility pop
