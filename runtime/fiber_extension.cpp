// Room: runtime. See fiber_extension.hpp.

#include "fiber_extension.hpp"

#include <array>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "switching.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

// One for many fibers: it is held for a few instructions, by few.
internal_lock& lock_of(const fiber_block& fiber) noexcept {
  constinit static std::array<internal_lock, 16> locks;
  return locks[reinterpret_cast<std::uintptr_t>(&fiber) / sizeof(fiber_block) % locks.size()];
}

void publish(fiber_block& of, fiber_extension* extension) noexcept {
  const internal_guard guard(lock_of(of));
  of.extension.store(extension, std::memory_order_seq_cst);  // seq_cst: "Asking to end", B1; pairs with A2
}

// The caller's own, made if need be.
fiber_extension& this_extension() {
  if (fiber_extension* const there = find_extension(this_worker())) return *there;
  auto* const made = new fiber_extension;
  if (fiber_block* const fiber = this_fiber_block())
    publish(*fiber, made);
  else
    this_thread_extension() = made;
  return *made;
}

local_value** place_of(fiber_extension* extension, std::uint64_t key) noexcept {
  if (extension == nullptr) return nullptr;
  for (local_value** at = &extension->locals; *at != nullptr; at = &(*at)->older)
    if ((*at)->key == key) return at;
  return nullptr;
}

// Off the list first: a destructor that asks for its own value makes a new one.
void destroy(fiber_extension& of, local_value** at) noexcept {
  local_value* const gone = std::exchange(*at, (*at)->older);
  if (gone->type->copy != nullptr) --of.inherited;
  gone->type->destroy(gone);
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
    extension.locals != nullptr ? destroy(extension, &extension.locals) : call_first(extension);
}

}  // namespace

// --- Values.

std::uint64_t take_local_key() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);  // relaxed: numbers that differ
}

local_value* find_local(std::uint64_t key) noexcept {
  local_value** const at = place_of(find_extension(this_worker()), key);
  return at != nullptr ? *at : nullptr;
}

void add_local(local_value* fresh) {
  fiber_extension& mine = this_extension();
  fresh->older = std::exchange(mine.locals, fresh);
  if (fresh->type->copy != nullptr) ++mine.inherited;
}

void drop_local(std::uint64_t key) noexcept {
  fiber_extension* const mine = find_extension(this_worker());
  if (local_value** const at = place_of(mine, key)) destroy(*mine, at);
}

void inherit_locals(const fiber_extension& from, fiber_block& child) {
  auto* const made = new fiber_extension;
  publish(child, made);
  local_value** oldest = &made->locals;
  for (const local_value* each = from.locals; each != nullptr; each = each->older) {
    if (each->type->copy == nullptr) continue;
    *oldest = each->type->copy(*each);
    oldest = &(*oldest)->older;
    ++made->inherited;
  }
}

// --- The end.

void call_at_end(void (*f)(void*) noexcept, void* argument) {
  fiber_extension& mine = this_extension();
  auto* const call = new end_call{f, argument, nullptr};
  (mine.last_call != nullptr ? mine.last_call->next : mine.first_call) = call;
  mine.last_call = call;
}

void drop_extension(fiber_block& ending) noexcept {
  fiber_extension* const extension = ending.extension.load(std::memory_order_relaxed);  // relaxed: the caller's own
  use_up(*extension);
  publish(ending, nullptr);
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

namespace weft {

std::stop_token this_fiber::stop_token() {
  detail::fiber_block* const fiber = detail::this_fiber_block();
  if (fiber == nullptr) return {};
  detail::fiber_extension& mine = detail::this_extension();
  if (!mine.stopping.stop_possible()) {
    std::stop_source fresh;
    {
      const detail::internal_guard guard(detail::lock_of(*fiber));
      mine.stopping = fresh;
    }
    // "Asking to end", B2: after the lock, which A2 passes through too, or after publish.
    if (fiber->is_cancel_requested()) fresh.request_stop();
  }
  return mine.stopping.get_token();
}

}  // namespace weft
