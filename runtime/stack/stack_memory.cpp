// Room: runtime. See stack_memory.hpp.

#include "stack_memory.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include "context.hpp"
#include "quantity_text.hpp"
#include "sanitizers.hpp"
#include "valgrind.hpp"

namespace weft::detail::stack_memory {

namespace {

// Takes up to `most` off a counter that does not go below zero; how many.
std::size_t take_off(std::atomic<std::size_t>& counter, std::size_t most) noexcept {
  std::size_t left = counter.load(std::memory_order_relaxed);  // relaxed, both: a counter
  while (left != 0) {
    const std::size_t taken = std::min(left, most);
    if (counter.compare_exchange_weak(left, left - taken, std::memory_order_relaxed)) return taken;
  }
  return 0;
}

// ASan's bytes about [bottom, top), an eighth of it: all poisoned at a fiber's end, so they would be what costs most.
// Zero is what they begin with.
void give_back_shadow([[maybe_unused]] const std::byte* bottom, [[maybe_unused]] const std::byte* top) noexcept {
#if defined(WEFT_TELLS_ASAN)
  if (!has_asan()) return;
  std::size_t scale = 0;
  std::size_t offset = 0;
  __asan_get_shadow_mapping(&scale, &offset);
  const auto shadow_of = [=](const std::byte* of) { return (reinterpret_cast<std::uintptr_t>(of) >> scale) + offset; };
  const std::uintptr_t first = (shadow_of(bottom) + k_page - 1) / k_page * k_page;
  const std::uintptr_t last = shadow_of(top) / k_page * k_page;
  if (first >= last) return;
  give_back_pages(reinterpret_cast<std::byte*>(first), reinterpret_cast<std::byte*>(last));  // NOLINT
#endif
}

bool is_refused_by_a_test() noexcept {
  if (take_off(injected.guards_to_refuse, 1) == 0) return false;
  injected.guards_refused.fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
  return true;
}

}  // namespace

constinit faults injected;

void refuse_larger_pages(std::size_t of_system) {
  if (of_system <= k_page) return;
  throw std::runtime_error("weft: this kernel's pages are " + size_in_words(of_system) +
                           " each, and the guards of stacks are laid out for pages of " + size_in_words(k_page) +
                           ": boot a kernel that has those");
}

std::size_t page_of_system() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

guard_method best_guards() noexcept {
  static const guard_method best = can_guard_by_advice() ? guard_method::advice : guard_method::protection;
  return best;
}

bool install_guard(void* at, std::size_t size, guard_method how) noexcept {
  if (is_refused_by_a_test()) return false;
  if (how == guard_method::advice) return guard_by_advice(at, size);
  return ::mprotect(at, size, PROT_NONE) == 0;
}

// Some of the limit's room is left to the program.
std::size_t most_protections() noexcept {
  constexpr std::size_t k_left_to_the_program = 2048;
  static const std::size_t most = (std::max(max_mappings(), k_left_to_the_program) - k_left_to_the_program) / 2;
  return most;
}

std::size_t take_protections(std::size_t most) noexcept {
  static std::atomic<std::size_t> left{most_protections()};
  // relaxed: a test sets it while no stack is taken.
  const bool limited = injected.protections_left.load(std::memory_order_relaxed) != faults::k_off;
  return take_off(limited ? injected.protections_left : left, most);
}

// Unrolled, because it is a third of what a fiber executes between spawn and end when there are many.
// Not the sanitizers' business: a stack's own fiber may be writing there when it is measured.
__attribute__((no_sanitize_address)) WEFT_NO_TSAN bool is_zero_page(const std::byte* page) noexcept {
  ask_valgrind(valgrind_request::memory_is_defined, reinterpret_cast<std::uintptr_t>(page), k_page);
  const auto* const words = static_cast<const std::uint64_t*>(__builtin_assume_aligned(page, k_page));
  std::uint64_t any = 0;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < k_page / sizeof *words; ++i) any |= words[i];
  return any == 0;
}

// With a small vector, because it runs on the stacks of others; large stacks take several calls.
std::byte* lowest_resident(std::byte* bottom, std::byte* top) noexcept {
  std::array<unsigned char, 128> pages;
  while (bottom < top) {
    const std::size_t size = std::min(pages.size() * k_page, static_cast<std::size_t>(top - bottom));
    if (!find_resident(bottom, size, pages)) return top;
    for (std::size_t i = 0; i < size / k_page; ++i)
      if (pages[i] != 0) return bottom + i * k_page;
    bottom += size;
  }
  return top;
}

void give_back_stack(std::byte* bottom, std::byte* top) noexcept {
  give_back_pages(bottom, top);
  give_back_shadow(bottom, top);
}

}  // namespace weft::detail::stack_memory
