// Room: runtime. See stack_pool.hpp.

#include "stack_pool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/mman.h>

#include "sanitizers.hpp"

#if defined(WEFT_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace weft::detail {

namespace {

constexpr std::size_t k_page = 4096;
constexpr std::size_t k_chunk_size = std::size_t{64} << 20;
constexpr int k_guard_install = 102;  // MADV_GUARD_INSTALL, Linux 6.13: not in older headers

constexpr std::size_t k_pools = std::bit_width(stack_pool::k_max_size) - std::bit_width(stack_pool::k_min_size) + 1;

bool guard_by_advice(void* at, std::size_t size) noexcept { return ::madvise(at, size, k_guard_install) == 0; }

// On a page of its own: the kernel either knows the advice or answers EINVAL.
guard_method probe_guards() noexcept {
  void* page = ::mmap(nullptr, k_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return guard_method::protection;
  const bool works = guard_by_advice(page, k_page);
  ::munmap(page, k_page);
  return works ? guard_method::advice : guard_method::protection;
}

std::size_t max_mappings() noexcept {
  std::size_t limit = 65530;
  std::ifstream("/proc/sys/vm/max_map_count") >> limit;
  return limit;
}

// With mprotect each guarded stack splits a mapping in two; some of the limit's room is left to the program.
std::size_t most_stacks() noexcept {
  return stack_pool::best_guards() == guard_method::advice ? SIZE_MAX : max_mappings() / 2 - 1024;
}

// One pool for each size. Never destroyed: fibers of a runtime that outlives main's statics may still give stacks back.
struct pool_table {
  std::array<std::unique_ptr<stack_pool>, k_pools> pools;
  pool_table() {
    for (std::size_t i = 0; i < k_pools; ++i)
      pools[i] = std::make_unique<stack_pool>(stack_pool::k_min_size << i, stack_pool::best_guards(), most_stacks());
  }
};
pool_table& table() {
  static auto* const t = new pool_table;
  return *t;
}

[[noreturn]] void refuse(const std::string& why) {
  throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                          "weft: no stack for another fiber: " + why);
}

}  // namespace

guard_method stack_pool::best_guards() noexcept {
  static const guard_method best = probe_guards();
  return best;
}

bool stack_pool::install_guard(void* at) const noexcept {
  if (guards_ == guard_method::advice) return guard_by_advice(at, guard_size());
  return ::mprotect(at, guard_size(), PROT_NONE) == 0;
}

std::size_t stack_pool::permits_out() noexcept {
  std::size_t sum = 0;
  // relaxed: a statistic.
  for (const auto& pool : table().pools) sum += pool->permits_.load(std::memory_order_relaxed);
  return sum;
}

stack_pool& stack_pool::for_size(std::size_t size) {
  if (size > k_max_size)
    throw std::invalid_argument("weft: stack size " + std::to_string(size) + " is over the maximum of " +
                                std::to_string(k_max_size) + " bytes");
  const std::size_t slot_size = std::bit_ceil(std::max(size, k_min_size));
  return *table().pools[static_cast<std::size_t>(std::bit_width(slot_size) - std::bit_width(k_min_size))];
}

void stack_pool::take_permit() {
  // relaxed, all: counters. What they count is handed over under lock_.
  const std::size_t before = permits_.fetch_add(1, std::memory_order_relaxed);
  if (before < most_ && before < reserved_.load(std::memory_order_relaxed)) [[likely]]
    return;
  try {
    if (before >= most_)
      refuse(std::to_string(most_) + " stacks guarded by mprotect are the most that vm.max_map_count allows; raise it");
    const internal_guard guard(lock_);
    // relaxed: written under lock_ alone.
    while (reserved_.load(std::memory_order_relaxed) <= before) reserve_chunk();
  } catch (...) {
    return_permit();
    throw;
  }
}

// relaxed: a counter.
void stack_pool::return_permit() noexcept { permits_.fetch_sub(1, std::memory_order_relaxed); }

void stack_pool::reserve_chunk() {
  const std::size_t size = std::max(k_chunk_size, slot_size_);
  const auto slots = static_cast<std::uint32_t>(size / slot_size_);
  // relaxed: written under lock_ alone, which is held.
  const std::size_t reserved = reserved_.load(std::memory_order_relaxed);
  chunks_.reserve(chunks_.size() + 1);
  used_before_.reserve(reserved + slots);  // giving back never allocates
  void* base =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (base == MAP_FAILED)
    refuse("the system gives no " + std::to_string(size) + " bytes of address space (" + std::to_string(reserved) +
           " stacks of " + std::to_string(slot_size_) + " bytes are reserved); use smaller stacks, or raise RLIMIT_AS");
  ::madvise(base, size, MADV_NOHUGEPAGE);  // a huge page under a stack would cost 2 MiB for one touched word
  chunks_.push_back({static_cast<std::byte*>(base), slots});
  reserved_.store(reserved + slots, std::memory_order_relaxed);
}

// Wide guards: a frame of 16 KiB steps over one page unnoticed.
std::size_t stack_pool::guard_size() const noexcept {
  if (slot_size_ >= std::size_t{256} << 10) return 16 * k_page;
  return slot_size_ >= std::size_t{32} << 10 ? 4 * k_page : k_page;
}

stack stack_pool::at(std::uint32_t slot) const noexcept {
  const std::uint32_t per_chunk = chunks_.front().slots;
  std::byte* const base = chunks_[slot / per_chunk].base + std::size_t{slot % per_chunk} * slot_size_;
  // Coloured tops: power-of-two slots would otherwise put the hot end of every stack into the same cache sets.
  const std::size_t colour = std::size_t{slot % 32} * 64;
  const std::size_t guard = guard_size();
  return {.bottom = base + guard, .usable = slot_size_ - guard - colour, .slot = slot};
}

stack stack_pool::take() noexcept {
  const internal_guard guard(lock_);
  if (!used_before_.empty()) {
    const std::uint32_t slot = used_before_.back();
    used_before_.pop_back();
    return at(slot);
  }
  // A permit is held, so fresh_ < reserved_.
  stack fresh = at(fresh_);
  if (!install_guard(fresh.bottom - guard_size())) return {};
  ++fresh_;
  return fresh;
}

void stack_pool::give_back(const stack& used) noexcept {
#if defined(WEFT_ASAN)
  __asan_unpoison_memory_region(used.bottom, used.usable);
#endif
  const internal_guard guard(lock_);
  used_before_.push_back(used.slot);
}

}  // namespace weft::detail
