// Room: runtime. See helper_call.hpp.

#include "helper_call.hpp"

#include "system_thread.hpp"

namespace weft::detail {

// A stack that cannot be had by its bounds stays without any: an overflow of it is not named.
helper_call::helper_call() noexcept {
  const thread_stack mine = this_thread_stack();
  bottom_ = mine.bottom;
  stack_size_ = mine.size;
  guard_size_ = mine.guard_size;
  set_this_helper_call(this);
}

helper_call::~helper_call() { set_this_helper_call(nullptr); }

}  // namespace weft::detail
