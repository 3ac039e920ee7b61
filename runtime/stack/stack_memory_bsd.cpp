// Room: runtime. See stack_memory.hpp: what macOS and FreeBSD do in their own way.

#include <cstdint>

#include <sys/types.h>

#include <sys/mman.h>

#include "stack_memory.hpp"

namespace weft::detail::stack_memory {

bool guard_by_advice(void*, std::size_t) noexcept { return false; }
bool can_guard_by_advice() noexcept { return false; }

// No limit is told.
std::size_t max_mappings() noexcept { return SIZE_MAX / 2; }

std::byte* reserve(std::size_t size) noexcept {
  void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, k_unbacked, -1, 0);
  return base == MAP_FAILED ? nullptr : static_cast<std::byte*>(base);
}

bool find_resident(std::byte* base, std::size_t size, std::span<unsigned char> pages) noexcept {
  if (::mincore(base, size, reinterpret_cast<char*>(pages.data())) != 0) return false;
  for (unsigned char& each : pages.first(size / k_page)) each &= 1;  // the other bits say more of it
  return true;
}

// Advice would leave what was there to be read, until memory is short; a fresh mapping does not.
void give_back_pages(std::byte* bottom, std::byte* top) noexcept {
  ::mmap(bottom, static_cast<std::size_t>(top - bottom), PROT_READ | PROT_WRITE, k_unbacked | MAP_FIXED, -1, 0);
}

}  // namespace weft::detail::stack_memory
