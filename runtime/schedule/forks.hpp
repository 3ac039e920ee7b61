#pragma once
// Room: runtime. What a child of fork() has of weft. It has one thread, the one that forked, and none of ours.
//
// "After fork"
//   no runtime lived   all of it works: the counts of our threads, and the helper threads, begin anew
//   one did            its threads are gone, with whatever locks they held. Its fibers do not go on, and it is never
//                      ended there; a fiber that forked is a plain thread in the child, whose weft locks, channels and
//                      sleeps work as a plain thread's, and must not return. What needs threads (run, a runtime, go,
//                      spawn) is refused, and says so. The child had better call exec or _exit; a program that forks
//                      to serve does so before run
// posix_spawn, vfork and popen begin no such child.
// Next: forks.cpp; entry/runtime.cpp, which has the child's first words said.

#include <cstdint>

#include <weft/runtime/detail/forked_child.hpp>

namespace weft::detail {

// How many forks lie between this process and the one that the program began as.
[[nodiscard]] std::uint32_t forks_behind() noexcept;

// Throws std::logic_error in such a child. `call`, as the user knows it.
void refuse_in_forked_child(const char* call);

// In the child, on its only thread, before fork() returns.
void begin_child() noexcept;

}  // namespace weft::detail
