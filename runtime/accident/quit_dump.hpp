#pragma once
// Room: runtime. SIGQUIT (Ctrl-\, kill -QUIT) writes the dump on stderr, and the process goes on. It owns the handler;
// the dump is written by a monitor, because no handler may. Only where the signal would have ended the process: who has
// a handler, or ignores it, keeps that.
// Next: quit_dump.cpp ("Asking for a dump").

#include <cstdint>

namespace weft::detail {

class monitor;

// The monitor, from here until end_quit_dump, may be asked by the handler, which stands while any may be.
void begin_quit_dump(monitor& may_be_asked) noexcept;
// The runtime's, before the monitor is gone. Nothing if it was not begun.
void end_quit_dump(const monitor& was_asked) noexcept;

// For tests: how many dumps were written.
[[nodiscard]] std::uint32_t quit_dumps_written() noexcept;

}  // namespace weft::detail
