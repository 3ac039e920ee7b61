// Room: runtime. See detail/internal_lock.hpp.

#include <weft/runtime/detail/internal_lock.hpp>

#include <weft/runtime/detail/futex.hpp>

namespace weft::detail {

constinit lock_buckets g_lock_buckets;

template class lock_word<lock_env>;

namespace {

// Until this has run, and where the kernel refuses, every unlock is an exchange.
[[maybe_unused]] const bool g_unlocks_are_cheap = [] {
  const bool consented = register_heavy_fence();
  if (consented)
    for (lock_bucket<lock_env>& each : g_lock_buckets) lock_word<lock_env>::allow_cheap_unlocks(each);
  return consented;
}();

}  // namespace

void internal_lock::lock_contended() noexcept { word_.lock_contended(bucket()); }

void lock_env::spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

void lock_env::wait_while(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  futex_wait(word, expected);
}

void lock_env::wake_one(std::atomic<std::uint32_t>& word) noexcept { futex_wake_one(word); }

}  // namespace weft::detail
