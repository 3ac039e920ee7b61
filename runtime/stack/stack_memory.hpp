#pragma once
// Room: runtime. The memory under the stacks: what is asked of the kernel (address space, guards, which pages are
// there, giving pages back), and how much of it the process may ask for. It knows no slot, no permit and no fiber.
// Next: stack_pool.hpp, which deals it out.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "unbacked_memory.hpp"

namespace weft::detail {

// How a stack's lower end is guarded.
enum class guard_method : std::uint8_t {
  advice,      // MADV_GUARD_INSTALL, Linux 6.13: splits no mapping, so a million stacks fit in a handful
  protection,  // mprotect: each stack costs two of vm.max_map_count mappings
};

namespace stack_memory {

inline constexpr std::size_t k_page = k_system_page;

// `of_system`: how large a page is. Throws std::runtime_error if that is more than k_page, as under some kernels for
// aarch64 (16 and 64 KiB): no guard could be put where one belongs.
void refuse_larger_pages(std::size_t of_system);
[[nodiscard]] std::size_t page_of_system() noexcept;

// The best guard that works here, tried once.
[[nodiscard]] guard_method best_guards() noexcept;

// Address space without pages; null when the system gives none.
[[nodiscard]] std::byte* reserve(std::size_t size) noexcept;

// False if the kernel cannot do it right now.
[[nodiscard]] bool install_guard(void* at, std::size_t size, guard_method how) noexcept;

// How many more stacks of the whole process may be guarded by mprotect. Guards stay where they are once installed, so
// nothing is ever put back. Takes up to `most`; 0: vm.max_map_count is reached.
[[nodiscard]] std::size_t take_protections(std::size_t most) noexcept;
// What the process began with, for a message.
[[nodiscard]] std::size_t most_protections() noexcept;

// Whether all of a page reads as zero. One that was never touched, or was given back, does; a first read maps the
// kernel's page of zeros, which is no memory of ours, and a later one costs no fault.
[[nodiscard]] bool is_zero_page(const std::byte* page) noexcept;

// The lowest page of [bottom, top) that is in memory; `top` if none is. Pages that the kernel swapped out are not seen.
[[nodiscard]] std::byte* lowest_resident(std::byte* bottom, std::byte* top) noexcept;

// One flag for each page from `base`: 1 if it is in memory. `size` is whole pages.
[[nodiscard]] bool find_resident(std::byte* base, std::size_t size, std::span<unsigned char> pages) noexcept;

// They read as zero from then on.
void give_back_pages(std::byte* bottom, std::byte* top) noexcept;

// The same of a stack that no fiber has, with what a sanitizer keeps of it: a pointer into it is no longer caught.
void give_back_stack(std::byte* bottom, std::byte* top) noexcept;

// For the above, and each system's own: stack_memory_linux.cpp, stack_memory_bsd.cpp.
[[nodiscard]] bool can_guard_by_advice() noexcept;
[[nodiscard]] bool guard_by_advice(void* at, std::size_t size) noexcept;
// How many mappings the process may have.
[[nodiscard]] std::size_t max_mappings() noexcept;

// What tests make happen; process-wide, all off by default. Looked at on slow paths alone.
struct faults {
  static constexpr std::size_t k_off = SIZE_MAX;
  std::atomic<std::size_t> guards_to_refuse{0};      // so many of the next guards are refused
  std::atomic<std::size_t> guards_refused{0};        // how many were
  std::atomic<bool> only_protection{false};          // as on a kernel without MADV_GUARD_INSTALL
  std::atomic<std::size_t> protections_left{k_off};  // instead of what vm.max_map_count leaves
};
extern constinit faults injected;

}  // namespace stack_memory
}  // namespace weft::detail
