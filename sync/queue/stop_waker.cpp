// Room: sync. See detail/stop_waker.hpp.
//
// libstdc++'s ~stop_callback asks by thread id whether the request that calls it is the destroyer's own. A fiber that
// was woken and runs on the thread of the requester is taken for it, rightly: the call does not park, so it is over.
// Only ThreadSanitizer, to which fibers are threads, sees no order there, and is told.

#include <weft/sync/detail/stop_waker.hpp>

#include <utility>

#include <weft/runtime/detail/atomic.hpp>

#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN 1
#endif
#endif

#ifdef WEFT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace weft::detail {

namespace {

// After every release of an atomic in there: of the one by which the request says that it has called.
[[maybe_unused]] void announce_call_is_over([[maybe_unused]] void* from, [[maybe_unused]] void* to) noexcept {
#if defined(WEFT_SANITIZE_READY)
  for (char* each = static_cast<char*>(from); each != to; ++each) tell_acquire(each);
#elif defined(WEFT_TSAN)
  for (char* each = static_cast<char*>(from); each != to; ++each) __tsan_acquire(each);
#endif
}

}  // namespace

stop_waker::stop_waker(std::stop_token stop) : callback_(std::move(stop), caller{this}) {}

stop_waker::~stop_waker() { announce_call_is_over(&callback_, &callback_ + 1); }

void stop_waker::watch(wait_token token) noexcept {
  {
    internal_guard held(lock_);
    token_ = token;
    if (!is_requested_) return;
  }
  if (const claimed won = claim(token, wake_reason::again)) unpark(won);
}

void stop_waker::wake() noexcept {
  wait_token token;
  {
    internal_guard held(lock_);
    is_requested_ = true;
    token = token_;
  }
  if (token.who == nullptr) return;
  if (const claimed won = claim(token, wake_reason::again)) unpark(won);
}

}  // namespace weft::detail
