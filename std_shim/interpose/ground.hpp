#pragma once
// std_shim, interpose: where a call came from, and whether its fiber may be parked there.
//
// It may if a fiber runs, and the call is none of libweft's own, and there is nothing on the stack that another
// fiber of this worker would fall over: a pthread_once routine (who waits for it sleeps inside libc), a constructor
// that dlopen runs (the loader's lock knows its owner by the thread), a signal handler. There the call really blocks
// its thread, and the runtime's monitor fills in for the worker; the report (report.hpp) has a line for it. In the
// child of a fork no fiber runs.

#include <cstdint>

#include <weft/runtime/detail/foreign_call.hpp>

#include "real_functions.hpp"

namespace weft::interpose {

enum class ground : unsigned char {
  no_fiber,  // a plain thread, the worker itself, a child of fork
  ours,      // a call of libweft's own
  once,      // inside a pthread_once routine, or call_once's
  loader,    // inside dlopen or dlclose
  handler,   // on a signal handler's stack
  cannot,    // this object is shared between processes, robust, or inherits priorities
  may_park,
  how_many
};

// Notes in the report what it finds, for a call that is about to wait. `caller` is the address that it returns to.
[[nodiscard]] ground look_around(taken which, const void* caller) noexcept;
// ... and that this object cannot be waited for by parking; a call of libweft's own, or of no fiber, is not noted.
void note_cannot(taken which, const void* caller) noexcept;

// fork's child, which may only become another program, or end.
[[nodiscard]] bool is_forked_child() noexcept;

// Addresses of the code of libweft, of this library, or of the allocator that is in malloc's place: it is called under
// any lock of libweft's, and must not park there.
[[nodiscard]] bool is_ours(const void* code) noexcept;

// While a routine of pthread_once runs on this thread.
class once_routine {
 public:
  once_routine() noexcept;
  ~once_routine();
  once_routine(const once_routine&) = delete;
  once_routine& operator=(const once_routine&) = delete;
};

// While libweft waits in a library that it has called: the thread waits.
class wait_of_ours {
 public:
  wait_of_ours() noexcept;
  ~wait_of_ours();
  wait_of_ours(const wait_of_ours&) = delete;
  wait_of_ours& operator=(const wait_of_ours&) = delete;
};

// At the start, once: where libweft and the loader's locks are. False: the loader's locks were not recognised.
[[nodiscard]] bool survey() noexcept;
// Whether libweft is a shared library; if not, calls of its own could not be told from those of the program.
[[nodiscard]] bool weft_is_apart() noexcept;
// Whether that is code of the libweft whose fibers are known here.
[[nodiscard]] bool is_the_weft_we_know(const void* code) noexcept;

}  // namespace weft::interpose
