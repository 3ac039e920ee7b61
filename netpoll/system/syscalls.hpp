#pragma once
// Room: netpoll. What every system call of the room keeps to, and the calls that all descriptors have. Each kind of
// descriptor has a pair of files of its own beside it (socket_calls, epoll_calls, lookup_calls), which alone read
// errno: it belongs to the thread, and a fiber may leave its thread between a call and a look at errno. Each wrapper is
// non-blocking or says otherwise, repeats what a signal interrupted, and returns the outcome as a value. Faults of
// tests come in here (faults.hpp). How a wrapper is written: calling.hpp.

#include <csignal>
#include <cstddef>
#include <system_error>

namespace weft::net::detail {

// A descriptor, or an error; -1 if there is one.
struct opened {
  int fd = -1;
  std::error_code error;
};

// Bytes moved, or an error.
struct transferred {
  std::size_t count = 0;
  bool drained = false;  // less than was asked for: the kernel's queue had no more at that moment
  bool would_block = false;
  std::error_code error;
};

// --- Events: a descriptor that is readable once raised.

// One descriptor, where the system has such; two ends of a pipe elsewhere.
struct opened_event {
  int waited = -1;  // who waits until it is readable owns it
  int raised = -1;  // the same one, or to be closed by close_raised_end
  std::error_code error;
};
[[nodiscard]] opened_event open_event() noexcept;
void close_raised_end(const opened_event& event) noexcept;

// Of the end that is raised. Async-signal-safe, and leaves errno as it was.
void raise_event(int fd) noexcept;

// Of the end that is waited for, once it was seen readable, before what it tells of is looked at: later ones are edges
// again.
void drain_event(int fd) noexcept;

// The same for who waits for its level: not readable any more, sooner or later.
void lower_event(int fd) noexcept;

// --- Signals. sigaction.
[[nodiscard]] std::error_code change_signal_action(int signal, const struct sigaction& to,
                                                   struct sigaction& from) noexcept;

// --- The rest.

void close_descriptor(int fd) noexcept;

// Short of descriptors or memory: it may be better soon.
[[nodiscard]] bool is_exhaustion(const std::error_code& ec) noexcept;

}  // namespace weft::net::detail
