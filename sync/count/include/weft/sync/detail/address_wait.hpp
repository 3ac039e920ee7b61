#pragma once
// Room: sync. Waiting at an address until somebody says that what lies there has changed: what an atomic's wait() is
// made of. It owns a table of waiters for the whole process; the address is a key and is never touched.
// Both sides in numbered steps: address_wait.cpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// What the waiter waits to be no longer so. Called under an internal lock: it looks and does nothing else.
struct address_condition {
  bool (*holds)(const void* context) noexcept;
  const void* context;
};

// Parks while the condition holds; may return though it holds again. A cancellation point.
void wait_at_address(const void* address, address_condition condition);

// After a change. notify wakes one, or all, who wait at the address. Neither parks.
void notify_address(const void* address, bool all) noexcept;

}  // namespace weft::detail

#pragma GCC visibility pop
