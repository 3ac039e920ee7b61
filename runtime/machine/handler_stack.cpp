// Room: runtime. See handler_stack.hpp.

#include "handler_stack.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "sanitizers.hpp"
#include "unbacked_memory.hpp"

namespace weft::detail {

namespace {

// The frame of a signal alone takes up to 12 KiB (AVX-512, AMX), and handlers that others installed run here too. Only
// touched pages cost memory.
constexpr std::size_t k_handler_stack_size = std::size_t{128} << 10;
constexpr std::size_t k_handler_guard_size = k_system_page;

}  // namespace

// The guard lies outside of what the kernel is told. So a handler that has run into it is on that stack no more, and
// the handler of its fault begins at the top again, over the frames of the first one: room for a report.
bool handler_stack::is_overflow(const void* address) noexcept {
  stack_t there{};
  if (::sigaltstack(nullptr, &there) != 0 || there.ss_size != size()) return false;
  const auto bottom = reinterpret_cast<std::uintptr_t>(there.ss_sp);
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  return at < bottom && bottom - at <= k_handler_guard_size;
}

bool handler_stack::is_in_use() noexcept {
  stack_t there{};
  return ::sigaltstack(nullptr, &there) == 0 && (there.ss_flags & SS_ONSTACK) != 0;
}

std::size_t handler_stack::size() noexcept { return k_handler_stack_size - k_handler_guard_size; }

handler_stack::handler_stack() noexcept {
  if (has_asan()) return;  // it has one of its own
  stack_t there{};
  if (::sigaltstack(nullptr, &there) == 0 && (there.ss_flags & SS_DISABLE) == 0) return;
  void* const base = ::mmap(nullptr, k_handler_stack_size, PROT_READ | PROT_WRITE, k_unbacked, -1, 0);
  if (base == MAP_FAILED) return;  // an overflow then kills without a report
  ::mprotect(base, k_handler_guard_size, PROT_NONE);
  base_ = base;
  stack_t ours{};
  ours.ss_sp = static_cast<char*>(base) + k_handler_guard_size;
  ours.ss_size = size();
  ::sigaltstack(&ours, nullptr);
}

handler_stack::~handler_stack() {
  if (base_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(base_, k_handler_stack_size);
}

}  // namespace weft::detail
