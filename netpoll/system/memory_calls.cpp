// Room: netpoll. See memory_calls.hpp.

#include "memory_calls.hpp"

#include <algorithm>
#include <array>

#include <sys/mman.h>
#include <unistd.h>

#include "calling.hpp"

namespace weft::net::detail {

namespace {

constexpr std::size_t k_smallest_page = 4096;

// What mincore marks pages with; the types differ from system to system.
template <class Address, class Mark>
Mark mark_of(int (*)(Address, std::size_t, Mark*));
using page_mark = decltype(mark_of(&::mincore));

}  // namespace

std::byte* map_memory(std::size_t size) noexcept {
  if (is_faulty(fault::exhausted)) return nullptr;
  void* const begin = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return begin != MAP_FAILED ? static_cast<std::byte*>(begin) : nullptr;
}

// no faults: nobody hears of them.
void unmap_memory(std::byte* begin, std::size_t size) noexcept { ::munmap(begin, size); }

// no faults: a guess for figures.
std::size_t resident_in(std::byte* begin, std::size_t size) noexcept {
  std::array<page_mark, k_most_asked / k_smallest_page> marks{};
  if (::mincore(begin, std::min(size, k_most_asked), marks.data()) != 0) return 0;
  const auto resident = std::count_if(marks.begin(), marks.end(), [](page_mark mark) { return (mark & 1) != 0; });
  return static_cast<std::size_t>(resident) * static_cast<std::size_t>(::getpagesize());
}

}  // namespace weft::net::detail
