#pragma once
// Room: netpoll. What libkqueue needs, the emulation of kqueue that tests run on where no kernel has one. Not for
// releases.
// - It keeps what it was told of a closed descriptor, and takes the next one with its number for the same: it is told
//   of each that closes.
// - A kqueue is closed by a thread of its own, some time later: that is waited for.
// - What it cannot hand out at once it loses: there must be room for both events of each descriptor.

#include "descriptor_block.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

#if defined(WEFT_KQUEUE_IS_EMULATED)

inline constexpr std::size_t k_events_per_descriptor = 2;

// A poller, by the name that blocks have for it. May throw std::bad_alloc.
void note_kqueue(const void* home, int kqueue);
// Returns when all that stood for the kqueue is closed.
void close_kqueue(const void* home, int kqueue) noexcept;
// The same for any that were closed before: the emulation has a thread for it.
void await_closed_kqueues() noexcept;
// Before the descriptor of the block is closed, by its last user.
void delete_from_kqueue(const descriptor_block& block) noexcept;

#else

inline constexpr std::size_t k_events_per_descriptor = 1;  // as many as fit; the others come with the next poll

inline void note_kqueue(const void*, int) {}
inline void close_kqueue(const void*, int kqueue) noexcept { close_descriptor(kqueue); }
inline void await_closed_kqueues() noexcept {}
inline void delete_from_kqueue(const descriptor_block&) noexcept {}

#endif

}  // namespace weft::net::detail
