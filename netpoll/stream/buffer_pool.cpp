// Room: netpoll. See buffer_pool.hpp.

#include "buffer_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "memory_calls.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_HIDES_BUFFERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_HIDES_BUFFERS 1
#endif
#endif
#if defined(WEFT_HIDES_BUFFERS)
#include <sanitizer/asan_interface.h>
#endif

namespace weft::net::detail {

using weft::detail::internal_guard;

constinit buffer_pool chunk_buffers;

std::byte* buffer_pool::take() noexcept {
  idle_buffer* hot = nullptr;
  {
    const internal_guard guard(lock_);
    hot = hottest_;
    if (hot != nullptr) {
      hottest_ = hot->colder;
      (hottest_ != nullptr ? hottest_->hotter : coldest_) = nullptr;
      --idle_;
      least_idle_ = std::min(least_idle_, idle_);
      ++lent_;
    }
  }
  if (hot == nullptr) [[unlikely]]
    return map_one();
  auto* const buffer = reinterpret_cast<std::byte*>(hot);
  show(buffer);
  return buffer;
}

std::byte* buffer_pool::map_one() noexcept {
  std::byte* const buffer = map_memory(k_buffer_size);
  if (buffer == nullptr) return nullptr;
  bool is_first = false;
  {
    const internal_guard guard(lock_);
    is_first = !std::exchange(is_known_, true);
    ++lent_;
  }
  if (is_first) weft::detail::keep_idle_memory(*this);
  return buffer;
}

void buffer_pool::give_back(std::byte* buffer) noexcept {
  auto* const hot = new (buffer) idle_buffer;
  hide(buffer);
  {
    const internal_guard guard(lock_);
    --lent_;
    if (idle_ < k_most_idle) [[likely]] {
      hot->colder = std::exchange(hottest_, hot);
      (hot->colder != nullptr ? hot->colder->hotter : coldest_) = hot;
      ++idle_;
      return;
    }
  }
  show(buffer);
  unmap_memory(buffer, k_buffer_size);
}

std::size_t buffer_pool::lent() noexcept {
  const internal_guard guard(lock_);
  return lent_;
}

std::size_t buffer_pool::warm() noexcept {
  const internal_guard guard(lock_);
  return idle_;
}

std::size_t buffer_pool::end_period() noexcept {
  const internal_guard guard(lock_);
  return std::exchange(least_idle_, idle_);
}

buffer_pool::idle_buffer* buffer_pool::take_coldest() noexcept {
  idle_buffer* const cold = coldest_;
  if (cold == nullptr) return nullptr;
  coldest_ = cold->hotter;
  (coldest_ != nullptr ? coldest_->colder : hottest_) = nullptr;
  --idle_;
  least_idle_ = std::min(least_idle_, idle_);
  return cold;
}

std::size_t buffer_pool::cool(std::size_t most, std::size_t* bytes) noexcept {
  std::size_t cooled = 0;
  for (; cooled < most; ++cooled) {
    idle_buffer* cold = nullptr;
    {
      const internal_guard guard(lock_);
      cold = take_coldest();
    }
    if (cold == nullptr) break;
    auto* const buffer = reinterpret_cast<std::byte*>(cold);
    if (bytes != nullptr) *bytes += resident_in(buffer, k_buffer_size);
    show(buffer);
    unmap_memory(buffer, k_buffer_size);
  }
  return cooled;
}

// All but its links.
void buffer_pool::hide([[maybe_unused]] std::byte* buffer) noexcept {
#if defined(WEFT_HIDES_BUFFERS)
  __asan_poison_memory_region(buffer + sizeof(idle_buffer), k_buffer_size - sizeof(idle_buffer));
#endif
}

void buffer_pool::show([[maybe_unused]] std::byte* buffer) noexcept {
#if defined(WEFT_HIDES_BUFFERS)
  __asan_unpoison_memory_region(buffer, k_buffer_size);
#endif
}

}  // namespace weft::net::detail
