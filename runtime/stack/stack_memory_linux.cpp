// Room: runtime. See stack_memory.hpp: what Linux does in its own way.

#include <fstream>

#include <sys/mman.h>

#include "stack_memory.hpp"

namespace weft::detail::stack_memory {

namespace {

constexpr int k_guard_install = 102;  // MADV_GUARD_INSTALL, Linux 6.13: not in older headers

// The kernel itself is not let in: the page cannot be told which of its pages are there.
bool is_guarded(void* page) noexcept { return ::mincore(page, k_page, static_cast<unsigned char*>(page)) != 0; }

}  // namespace

bool guard_by_advice(void* at, std::size_t size) noexcept { return ::madvise(at, size, k_guard_install) == 0; }

// On a page of its own: the kernel either knows the advice or answers EINVAL. An emulation of it (qemu-user) says yes
// to any advice, and does nothing: what it says is not believed until it is seen.
bool can_guard_by_advice() noexcept {
  void* page = ::mmap(nullptr, k_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool works = guard_by_advice(page, k_page) && is_guarded(page);
  ::munmap(page, k_page);
  return works;
}

std::size_t max_mappings() noexcept {
  std::size_t limit = 65530;
  std::ifstream("/proc/sys/vm/max_map_count") >> limit;
  return limit;
}

std::byte* reserve(std::size_t size) noexcept {
  void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, k_unbacked, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  ::madvise(base, size, MADV_NOHUGEPAGE);  // a huge page under a stack would cost 2 MiB for one touched word
  return static_cast<std::byte*>(base);
}

bool find_resident(std::byte* base, std::size_t size, std::span<unsigned char> pages) noexcept {
  if (::mincore(base, size, pages.data()) != 0) return false;
  for (unsigned char& each : pages.first(size / k_page)) each &= 1;  // the other bits are reserved
  return true;
}

void give_back_pages(std::byte* bottom, std::byte* top) noexcept {
  ::madvise(bottom, static_cast<std::size_t>(top - bottom), MADV_DONTNEED);
}

}  // namespace weft::detail::stack_memory
