// Room: runtime. See helper_call.hpp.

#include "helper_call.hpp"

#include <pthread.h>

namespace weft::detail {

// A stack that cannot be had by its bounds stays without any: an overflow of it is not named.
helper_call::helper_call() noexcept {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
    void* bottom = nullptr;
    ::pthread_attr_getstack(&attributes, &bottom, &stack_size_);
    ::pthread_attr_getguardsize(&attributes, &guard_size_);
    ::pthread_attr_destroy(&attributes);
    bottom_ = reinterpret_cast<std::uintptr_t>(bottom);
  }
  set_this_helper_call(this);
}

helper_call::~helper_call() { set_this_helper_call(nullptr); }

}  // namespace weft::detail
