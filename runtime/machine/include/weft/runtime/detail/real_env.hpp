#pragma once
// Room: runtime. What the lock-free protocols are written against, so that a model checker can run the very same code:
// `Env::atomic<T>` and `Env::fence()`. This is the real one; the other is tests/model/model_env.hpp.

#include <atomic>

#include <weft/runtime/detail/atomic.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

struct real_env {
  template <class T>
  using atomic = detail::atomic<T>;

  // A sequentially consistent fence: StoreLoad. ThreadSanitizer models no fences (and g++ refuses them there); it sees
  // the hand-overs through the atomics around them, and the processor gets its fence all the same. Who calls it
  // says what it pairs with.
  static void fence() noexcept {
#if defined(__SANITIZE_THREAD__)
    __sync_synchronize();
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    __sync_synchronize();
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);  // seq_cst: StoreLoad
#endif
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);  // seq_cst: StoreLoad
#endif
  }
};

}  // namespace weft::detail

#pragma GCC visibility pop
