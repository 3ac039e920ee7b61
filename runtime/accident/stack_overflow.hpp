#pragma once
// Room: runtime. A fiber that runs over the end of its stack is named on stderr before its process dies of it. Off
// under ASan, which tells it better.
//
// A handler for SIGSEGV and SIGBUS, installed with the first runtime, looks at the address of the fault: is it in the
// guard of the fiber that runs on this thread? Then it names the fiber, its stack's size, where it was spawned and what
// helps; puts back what handled the signal before; and returns, so that the same fault is met by that, which is the
// default as a rule: the process dies by the signal, and a core shows the frames. The same for the stack of a helper
// thread, with the fiber whose call of `blocking` it serves, and for the stack on which handlers run on our threads.
// Every other fault goes to the handler that was there before, each time. All of it is async-signal-safe; the overflown
// stack has no room, so workers have a second one for handlers (handler_stack.hpp). Who installs a handler later has
// it, and no report, unless it passes on what it does not know.

namespace weft::detail {

// Once a process.
void report_stack_overflows() noexcept;

}  // namespace weft::detail
