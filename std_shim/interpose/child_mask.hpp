#pragma once
// std_shim, interpose: a child process, and the program that this one becomes, begin with the signal mask of the thread
// that makes them. Under WEFT_INTERPOSE=main that is the fiber's, and not the one of its worker, or of a helper thread:
// it is set around what makes them.

#include <csignal>

#include "fiber_thread.hpp"
#include "gate.hpp"
#include "real_functions.hpp"

namespace weft::interpose {

// Null: the thread's, as ever.
[[nodiscard]] inline const sigset_t* mask_for_children() noexcept {
  const fiber_thread* const own = this_fiber_thread();
  return own != nullptr && !is_forked_child() ? &own->mask : nullptr;
}

// `call` with that mask, and its errno.
template <class Call>
auto with_mask(const sigset_t* mask, Call call) {
  if (mask == nullptr) return call();
  sigset_t before;
  (void)real().pthread_sigmask(SIG_SETMASK, mask, &before);
  const auto result = call();
  const int error = last_error();
  (void)real().pthread_sigmask(SIG_SETMASK, &before, nullptr);
  set_error(error);
  return result;
}

}  // namespace weft::interpose
