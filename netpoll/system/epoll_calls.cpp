// Room: netpoll. See epoll_calls.hpp.

#include "epoll_calls.hpp"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/forked_child.hpp>

#include "calling.hpp"

namespace weft::net::detail {

opened open_epoll() noexcept {
  return open_with([] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

std::error_code watch(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept {
  if (is_faulty(fault::unwatched)) return error_of(ENOMEM);
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return outcome([&] { return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event); });
}

// Nobody's memory: no faults but an interruption.
std::error_code watch_again(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (repeat([&] { return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event); }) < 0) return last_error_code();
  return {};
}

// no faults: nobody hears of them. A forked child has its parent's epoll, and the same open descriptions: what it took
// out would never be told to the parent again.
void remove_from_epoll(int epoll, int fd) noexcept {
  if (!weft::detail::is_forked_beside_a_runtime()) ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
}

namespace {

// relaxed, at each use: found out once, by whoever is first; the answer does not change.
constinit std::atomic<bool> g_has_pwait2{true};

std::int64_t nanoseconds_until(deadline until) noexcept {
  // A deadline that is long past, such as a look that does not wait, needs no clock.
  if (until.nanoseconds() <= 0) return 0;
  return std::max<std::int64_t>(0, until.nanoseconds() - deadline::at(deadline::clock::now()).nanoseconds());
}

// no faults, here and in wait_once: wait_for_events draws them.
// Kernels before 5.11 count in milliseconds: rounded up, so that a deadline has passed when it ends.
int wait_in_milliseconds(int epoll, epoll_event* events, int room, bool forever, std::int64_t nanoseconds) noexcept {
  const std::int64_t milliseconds = nanoseconds / 1'000'000 + (nanoseconds % 1'000'000 != 0 ? 1 : 0);
  return ::epoll_wait(epoll, events, room,
                      forever ? -1 : static_cast<int>(std::min<std::int64_t>(milliseconds, INT_MAX)));
}

int wait_once(int epoll, epoll_event* events, int room, deadline until) noexcept {
  const bool forever = until.is_never();
  const std::int64_t nanoseconds = forever ? 0 : nanoseconds_until(until);
  // A look that does not wait needs no timespec, and the older call is the shorter way into the kernel.
  if (!forever && nanoseconds == 0) return ::epoll_wait(epoll, events, room, 0);
#if defined(SYS_epoll_pwait2)
  if (g_has_pwait2.load(std::memory_order_relaxed) && !is_faulty(fault::old_kernel)) {
    // The kernel's own timespec: 64 bits each, whatever the C library's is.
    const std::int64_t timeout[2] = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    const long count =
        ::syscall(SYS_epoll_pwait2, epoll, events, room, forever ? nullptr : timeout, nullptr, std::size_t{0});
    if (count >= 0 || (last_error() != ENOSYS && last_error() != EPERM)) return static_cast<int>(count);
    // relaxed: whoever still sees true tries once more, and learns the same.
    g_has_pwait2.store(false, std::memory_order_relaxed);  // relaxed: as above
  }
#endif
  return wait_in_milliseconds(epoll, events, room, forever, nanoseconds);
}

}  // namespace

std::size_t wait_for_events(int epoll, std::span<epoll_event> events, deadline until) noexcept {
  // An interrupted wait returns nothing: the caller looks around, and comes back with the time that is left.
  if (is_faulty(fault::interrupted)) return 0;
  const int count = wait_once(epoll, events.data(), static_cast<int>(events.size()), until);
  // No other error passes: who waits would look for ever, and nobody would be woken any more.
  WEFT_CHECK(
      count >= 0 || last_error() == EINTR,
      "netpoll: the kernel refuses to wait for events; did the program close a descriptor that is not its own, or "
      "does a filter forbid epoll_wait? (descriptor, error)",
      epoll, std::strerror(last_error()));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace weft::net::detail
