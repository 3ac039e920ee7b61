// Room: runtime. See detail/brief_call.hpp.

#include <weft/runtime/detail/brief_call.hpp>

#include <algorithm>
#include <atomic>

#include "cancelling.hpp"
#include "switching.hpp"
#include "this_worker.hpp"
#include "worker.hpp"

namespace weft::detail {

namespace {

constexpr std::uint32_t k_fewest_elsewhere = 16;
constexpr std::uint32_t k_most_elsewhere = 4'096;
constexpr std::uint32_t k_many = 1'000;  // brief ones, after which a long one is the first again
constexpr std::uint32_t k_watched = 64;  // after a long one
constexpr std::uint32_t k_sampled = 16;  // one in so many of the others
constexpr std::int64_t k_long_ns = 200'000;

std::int64_t real_now_ns() noexcept { return deadline::at(deadline::clock::now()).nanoseconds(); }

bool is_timed(std::uint32_t brief_calls) noexcept { return brief_calls < k_watched || brief_calls % k_sampled == 0; }

// relaxed, all: who sees an old number makes a call too many here or there.
constinit std::atomic<std::uint32_t> g_elsewhere{0};  // calls that are still to be made so
constinit std::atomic<std::uint32_t> g_last_sent{0};  // how many it was after the last long one

[[gnu::noinline]] bool take_one_elsewhere() noexcept {
  std::uint32_t left = g_elsewhere.load(std::memory_order_relaxed);  // relaxed: see above
  while (left != 0)
    // relaxed: as above
    if (g_elsewhere.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return true;
  return false;
}

bool is_sent_elsewhere() noexcept {
  return g_elsewhere.load(std::memory_order_relaxed) != 0 && take_one_elsewhere();  // relaxed: see above
}

// C5.
[[gnu::noinline]] void send_some_elsewhere(worker& w) noexcept {
  const bool is_first = w.brief_calls >= k_many;
  w.brief_calls = 0;
  const std::uint32_t before = is_first ? 0 : g_last_sent.load(std::memory_order_relaxed);  // relaxed: see above
  const std::uint32_t count = std::clamp(2 * before, k_fewest_elsewhere, k_most_elsewhere);
  g_last_sent.store(count, std::memory_order_relaxed);  // relaxed: see above
  g_elsewhere.store(count, std::memory_order_relaxed);  // relaxed: see above
}

// C1.
worker* place_of_call() noexcept {
  fiber_block* const fiber = this_fiber_block();
  if (fiber == nullptr || is_sent_elsewhere()) return nullptr;
  if (fiber->needs_attention() && is_cancellation_due(*fiber)) [[unlikely]]
    return nullptr;
  return fiber->runs_on;
}

}  // namespace

brief_call::brief_call() noexcept : on_(place_of_call()) {
  if (on_ == nullptr) return;
  long_before_ = on_->calls_long;
  on_->in_brief_call = true;
  if (is_timed(on_->brief_calls)) began_ns_ = real_now_ns();
}

bool brief_call::took_long() const noexcept { return began_ns_ != 0 && real_now_ns() - began_ns_ >= k_long_ns; }

brief_call::~brief_call() {
  if (on_ == nullptr) return;
  on_->in_brief_call = false;
  on_->brief_calls += 1;
  if (on_->calls_long != long_before_ || took_long()) [[unlikely]]
    send_some_elsewhere(*on_);
}

}  // namespace weft::detail
