#pragma once
// Room: netpoll. kqueue. See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include <sys/types.h>

#include <sys/event.h>

#include <weft/runtime/deadline.hpp>

#include "syscalls.hpp"

namespace weft::net::detail {

[[nodiscard]] opened open_kqueue() noexcept;

// Edge-triggered, reading and writing, from now until `fd` is closed. `is_broken`: the system watches no pipe whose
// other end is gone, and there is nothing to wait for.
[[nodiscard]] std::error_code watch(int kqueue, int fd, std::uint64_t key, bool& is_broken) noexcept;

// Only where closing does not do it (kqueue_emulation.hpp).
void remove_from_kqueue(int kqueue, int fd) noexcept;

// The key that watch was given.
[[nodiscard]] inline std::uint64_t key_of(const struct kevent& event) noexcept {
  return reinterpret_cast<std::uintptr_t>(event.udata);
}

// An event without a descriptor, EVFILT_USER: added once, edge-triggered, and from then on raised alone. Adding it anew
// without EV_CLEAR would make it a level, and a poll that never sleeps.
[[nodiscard]] std::error_code add_user_event(int kqueue) noexcept;
void raise_user_event(int kqueue) noexcept;

// Blocks until there are events, or `until` has passed. Returns how many; fewer than there are, or none at all, is no
// error. `interrupted`: by a signal, which may have eaten an event. Ends the process if the kernel will never answer:
// the descriptor is not the poller's any more.
[[nodiscard]] std::size_t wait_for_events(int kqueue, std::span<struct kevent> events, deadline until,
                                          bool& interrupted) noexcept;

}  // namespace weft::net::detail
