// Room: runtime. Values of the running fiber's own (fiber_local.hpp), calls at its end (detail/at_end.hpp), its stop
// token; of a plain thread, too.

#include "own_values.hpp"

#include <atomic>
#include <utility>

#include <weft/runtime/detail/at_end.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "switching.hpp"

namespace weft::detail {

namespace {

// The caller's own, made if need be.
fiber_extension& this_extension() {
  if (fiber_extension* const there = find_extension(this_worker())) return *there;
  auto* const made = new fiber_extension;
  if (fiber_block* const fiber = this_fiber_block())
    publish_extension(*fiber, made);
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
  if (local_value** const at = place_of(mine, key)) destroy_local(*mine, at);
}

// --- The end.

void call_at_end(void (*f)(void*) noexcept, void* argument) {
  fiber_extension& mine = this_extension();
  auto* const call = new end_call{f, argument, nullptr};
  (mine.last_call != nullptr ? mine.last_call->next : mine.first_call) = call;
  mine.last_call = call;
}

}  // namespace weft::detail

namespace weft {

std::stop_token this_fiber::stop_token() {
  detail::fiber_block* const fiber = detail::this_fiber_block();
  if (fiber == nullptr) return {};
  detail::fiber_extension& mine = detail::this_extension();
  if (!mine.stopping.stop_possible()) {
    std::stop_source fresh;
    detail::set_stop_source(*fiber, mine, fresh);
    // "Asking to end", B2: after the lock, which A2 passes through too, or after publish.
    if (fiber->is_cancel_requested()) fresh.request_stop();
  }
  return mine.stopping.get_token();
}

}  // namespace weft
