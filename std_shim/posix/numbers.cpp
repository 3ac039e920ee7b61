// Room: posix. close: what is known of a number is forgotten, and who waits there is woken.

#include <weft/posix.hpp>

#include <weft/netpoll/detail/foreign_wait.hpp>

#include "descriptor_kind.hpp"
#include "real.hpp"
#include "unblocked.hpp"

#if defined(__SANITIZE_THREAD__)
#define WEFT_HAS_RACE_DETECTOR 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_HAS_RACE_DETECTOR 1
#endif
#endif
#if defined(WEFT_HAS_RACE_DETECTOR)
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace weft::posix {

namespace {

// A close here is meant to come while others use the number: they are woken, or told by the kernel. The race detector
// would take it for a race.
struct meant_to_race {
#if defined(WEFT_HAS_RACE_DETECTOR)
  meant_to_race() noexcept { AnnotateIgnoreWritesBegin(__FILE__, __LINE__); }
  ~meant_to_race() { AnnotateIgnoreWritesEnd(__FILE__, __LINE__); }
#else
  meant_to_race() noexcept {}
  ~meant_to_race() {}
#endif
  meant_to_race(const meant_to_race&) = delete;
  meant_to_race& operator=(const meant_to_race&) = delete;
};

constinit weft::detail::internal_lock g_flag_locks[64];
}  // namespace

weft::detail::internal_lock& lock_of_flags(int fd) noexcept { return g_flag_locks[static_cast<unsigned>(fd) % 64]; }

namespace {

int close_now(int fd) noexcept {
  const meant_to_race others;
  return real().close(fd);
}

}  // namespace

// Who begins to wait between the two looks has waited for what is closed by now: it is sent to try again.
int close(int fd) noexcept {
  weft::net::detail::close_foreign(fd);
  forget_way(fd);
  const int result = close_now(fd);
  weft::net::detail::forget_foreign(fd);
  return result;
}

namespace {

// As close, if `from` can be given at all: otherwise `to` stays what it is.
template <class Call>
int give_number(int from, int to, Call call) noexcept {
  if (from == to || real().fcntl(from, F_GETFD) < 0) return call();
  weft::net::detail::close_foreign(to);
  forget_way(to);
  const int result = [&call] {
    const meant_to_race others;
    return call();
  }();
  weft::net::detail::forget_foreign(to);
  return result;
}

}  // namespace

int dup2(int from, int to) noexcept {
  return give_number(from, to, [&] { return real().dup2(from, to); });
}

int dup3(int from, int to, int flags) noexcept {
  return give_number(from, to, [&] { return real().dup3(from, to, flags); });
}

}  // namespace weft::posix
