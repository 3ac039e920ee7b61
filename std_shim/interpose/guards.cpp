// std_shim, interpose: the guard of a static local. libstdc++ waits for it by a futex (futex_call.cpp), and so parks a
// fiber whose static local another one is initialising. But libweft has static locals, too, and may meet them in the
// middle of parking: where it waits for one, the thread waits.

#include "exports.hpp"
#include "ground.hpp"
#include "real_functions.hpp"

using namespace weft::interpose;

// Throws what libstdc++'s does.
WEFT_TAKES int __cxa_guard_acquire(weft_static_guard* guard) {
  if (!is_ours(WEFT_CALLER)) return real().__cxa_guard_acquire(guard);
  const wait_of_ours really_blocks;
  return real().__cxa_guard_acquire(guard);
}
