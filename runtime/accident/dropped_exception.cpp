// Room: runtime. See dropping.hpp, and options.on_dropped_exception. The handle may outlive the runtime of its fiber,
// so that is looked for among those that live; nobody is asked who is gone.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>

#include "describe.hpp"
#include "dropping.hpp"
#include "exception_text.hpp"
#include "fiber_block.hpp"
#include "registry.hpp"
#include "scheduler.hpp"

namespace weft::detail {

namespace {

using listener = void (*)(const dropped_exception&);

listener listener_of(const fiber_block& fiber) {
  // relaxed: only compared; the caller's handle holds the block.
  const scheduler* const home = fiber.home.load(std::memory_order_relaxed);
  listener found = nullptr;
  for_each_runtime([&](scheduler& each) {
    if (&each == home) found = each.settings().on_dropped_exception;
  });
  return found;
}

// A few, and a word that more are not told.
void tell_on_stderr(const fiber_label::copy& label, const std::exception_ptr& thrown) {
  constexpr std::uint32_t k_most_told = 16;
  static std::atomic<std::uint32_t> told{0};
  const std::uint32_t before = told.fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
  if (before > k_most_told) return;
  if (before == k_most_told) {
    std::fprintf(stderr, "weft: more exceptions were dropped with handles; they are told no longer\n");
    return;
  }
  std::fprintf(stderr,
               "weft: an exception was dropped with the join_handle of %s: %s; join it, or look at such ones by "
               "options.on_dropped_exception\n",
               describe(label).c_str(), text_of(thrown).c_str());
}

}  // namespace

void tell_dropped_exception(const fiber_block& of, const std::exception_ptr& thrown) noexcept {
  const shield_scope held;  // the listener may park
  fiber_label::copy label;
  (void)of.label.read(label);  // nobody changes it: the caller's handle holds the block
  const listener tell = listener_of(of);
  if (tell == nullptr) return tell_on_stderr(label, thrown);
  const std::string site = site_of(label);
  tell({.thrown = thrown, .fiber = fiber_id(label.id), .name = label.name.data(), .spawned_at = site});
}

}  // namespace weft::detail
