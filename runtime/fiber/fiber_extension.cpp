// Room: runtime. See fiber_extension.hpp.

#include "fiber_extension.hpp"

#include <array>
#include <utility>

#include <weft/runtime/cancellation.hpp>

namespace weft::detail {

namespace {

// One for many fibers: it is held for a few instructions, by few.
internal_lock& lock_of(const fiber_block& fiber) noexcept {
  constinit static std::array<internal_lock, 16> locks;
  return locks[reinterpret_cast<std::uintptr_t>(&fiber) / sizeof(fiber_block) % locks.size()];
}

void call_first(fiber_extension& of) noexcept {
  end_call* const call = of.first_call;
  of.first_call = call->next;
  if (of.first_call == nullptr) of.last_call = nullptr;
  call->f(call->argument);
  delete call;
}

void use_up(fiber_extension& extension) noexcept {
  const shield_scope held;
  while (extension.locals != nullptr || extension.first_call != nullptr)
    extension.locals != nullptr ? destroy_local(extension, &extension.locals) : call_first(extension);
}

}  // namespace

void publish_extension(fiber_block& of, fiber_extension* extension) noexcept {
  const internal_guard guard(lock_of(of));
  of.extension.store(extension, std::memory_order_seq_cst);  // seq_cst: "Asking to end", B1; pairs with A2
}

void set_stop_source(fiber_block& of, fiber_extension& extension, const std::stop_source& fresh) noexcept {
  const internal_guard guard(lock_of(of));
  extension.stopping = fresh;
}

// Off the list first: a destructor that asks for its own value makes a new one.
void destroy_local(fiber_extension& of, local_value** at) noexcept {
  local_value* const gone = std::exchange(*at, (*at)->older);
  if (gone->type->copy != nullptr) --of.inherited;
  gone->type->destroy(gone);
}

void inherit_locals(const fiber_extension& from, fiber_block& child) {
  auto* const made = new fiber_extension;
  publish_extension(child, made);
  local_value** oldest = &made->locals;
  for (const local_value* each = from.locals; each != nullptr; each = each->older) {
    if (each->type->copy == nullptr) continue;
    *oldest = each->type->copy(*each);
    oldest = &(*oldest)->older;
    ++made->inherited;
  }
}

void drop_extension(fiber_block& ending) noexcept {
  fiber_extension* const extension = ending.extension.load(std::memory_order_relaxed);  // relaxed: the caller's own
  use_up(*extension);
  publish_extension(ending, nullptr);
  delete extension;
}

void end_thread_extension(fiber_extension* of_thread) noexcept {
  use_up(*of_thread);
  delete of_thread;
}

// --- Stop tokens.

std::stop_source stop_source_of(const fiber_block& asked) noexcept {
  std::stop_source none(std::nostopstate);
  // seq_cst: A2; pairs with publish, B1. Nearly always null.
  if (asked.extension.load(std::memory_order_seq_cst) == nullptr) return none;
  const internal_guard guard(lock_of(asked));
  const fiber_extension* const there = asked.extension.load(std::memory_order_relaxed);  // relaxed: under the lock
  return there != nullptr ? there->stopping : none;
}

std::stop_source stop_source_of(const fiber_block& asked, const scheduler& home) noexcept {
  std::stop_source none(std::nostopstate);
  // seq_cst: as above.
  if (asked.extension.load(std::memory_order_seq_cst) == nullptr) return none;
  const internal_guard guard(lock_of(asked));
  const fiber_extension* const there = asked.extension.load(std::memory_order_relaxed);  // relaxed: under the lock
  // relaxed: constant while the block has an extension.
  return there != nullptr && asked.home.load(std::memory_order_relaxed) == &home ? there->stopping : none;
}

}  // namespace weft::detail
