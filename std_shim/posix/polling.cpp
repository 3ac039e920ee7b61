// Room: posix. poll, select and epoll_wait: a look that does not wait, then a wait for all of them, and a look again.

#include <weft/posix.hpp>

#include <cerrno>
#include <chrono>
#include <limits>

#include "libc_time.hpp"
#include "off_worker.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "several.hpp"

namespace weft::posix {

namespace {

deadline until_past(int milliseconds) noexcept {
  if (milliseconds < 0) return deadline::never();
  return deadline::after(weft::detail::now(), std::chrono::milliseconds(milliseconds));
}

// Microseconds may be more than a second of them, as the kernel has it.
timespec timespec_of(const timeval& length) noexcept {
  timespec t{0, length.tv_usec % 1'000'000 * 1000};
  if (__builtin_add_overflow(length.tv_sec, length.tv_usec / 1'000'000, &t.tv_sec))
    t.tv_sec = std::numeric_limits<time_t>::max();
  return t;
}

// Three sets as they were given, for a look that overwrites them.
struct three_sets {
  fd_set sets[3];
  bool given[3];

  three_sets(int count, const fd_set* readable, const fd_set* writable, const fd_set* urgent) noexcept {
    const fd_set* const all[3] = {readable, writable, urgent};
    for (int i = 0; i < 3; ++i) {
      given[i] = all[i] != nullptr;
      FD_ZERO(&sets[i]);
      for (int fd = 0; given[i] && fd < count; ++fd)
        if (FD_ISSET(fd, all[i])) FD_SET(fd, &sets[i]);
    }
  }
  [[nodiscard]] fd_set* set(int i) noexcept { return given[i] ? &sets[i] : nullptr; }
  [[nodiscard]] std::uint32_t events_of(int fd) const noexcept {
    return (FD_ISSET(fd, &sets[0]) ? EPOLLIN : 0u) | (FD_ISSET(fd, &sets[1]) ? EPOLLOUT : 0u) |
           (FD_ISSET(fd, &sets[2]) ? EPOLLPRI : 0u);
  }
};

// One look. What it found stands in the caller's sets; a look that found nothing has emptied them.
int look_at(const three_sets& asked, int count, fd_set* const (&answer)[3]) noexcept {
  three_sets now = asked;
  timeval at_once{0, 0};
  const int found = real().select(count, now.set(0), now.set(1), now.set(2), &at_once);
  for (int i = 0; i < 3 && found >= 0; ++i)
    for (int fd = 0; answer[i] != nullptr && fd < count; ++fd)
      FD_ISSET(fd, &now.sets[i]) ? FD_SET(fd, answer[i]) : FD_CLR(fd, answer[i]);
  return found;
}

int wait_for_epoll(int epoll, epoll_event* events, int room, deadline until) noexcept {
  several waits(1);
  waits.add(epoll, EPOLLIN);
  return waits.until_found(until, "posix epoll", [&] { return real().epoll_wait(epoll, events, room, 0); });
}

int wait_for_sets(const three_sets& asked, int count, fd_set* const (&answer)[3], deadline until) noexcept {
  several waits(static_cast<std::size_t>(count));
  for (int fd = 0; fd < count; ++fd)
    if (const std::uint32_t events = asked.events_of(fd)) waits.add(fd, events);
  return waits.until_found(until, "posix select", [&] { return look_at(asked, count, answer); });
}

}  // namespace

int ppoll(pollfd* fds, nfds_t count, const timespec* length, const sigset_t* mask) noexcept {
  if ((length != nullptr && !is_a_time(*length)) || !enter()) return real().ppoll(fds, count, length, mask);
  if (mask != nullptr) return off_worker([&] { return real().ppoll(fds, count, length, mask); });
  const int found = real().poll(fds, count, 0);
  if (found != 0) return found;
  if (!can_park()) return real().ppoll(fds, count, length, mask);
  several waits(count);
  for (nfds_t i = 0; i < count; ++i) waits.add(fds[i].fd, static_cast<std::uint16_t>(fds[i].events));
  return waits.until_found(until_after(length), "posix poll", [&] { return real().poll(fds, count, 0); });
}

int pselect(int count, fd_set* readable, fd_set* writable, fd_set* urgent, const timespec* length,
            const sigset_t* mask) noexcept {
  if (count < 0 || count > FD_SETSIZE || (length != nullptr && !is_a_time(*length))) return fail(EINVAL);
  if (!enter() || !can_park()) return real().pselect(count, readable, writable, urgent, length, mask);
  if (mask != nullptr)
    return off_worker([&] { return real().pselect(count, readable, writable, urgent, length, mask); });
  const three_sets asked(count, readable, writable, urgent);
  fd_set* const answer[3] = {readable, writable, urgent};
  const deadline until = until_after(length);
  const int found = look_at(asked, count, answer);
  return found != 0 ? found : wait_for_sets(asked, count, answer, until);
}

// Linux's tells how much time was left.
int select(int count, fd_set* readable, fd_set* writable, fd_set* urgent, timeval* length) noexcept {
  if (count < 0 || count > FD_SETSIZE || (length != nullptr && (length->tv_sec < 0 || length->tv_usec < 0)))
    return fail(EINVAL);
  if (length == nullptr) return posix::pselect(count, readable, writable, urgent, nullptr, nullptr);
  const timespec span = timespec_of(*length);
  const deadline until = until_after(&span);
  const int found = posix::pselect(count, readable, writable, urgent, &span, nullptr);
  const std::int64_t left = (until.nanoseconds() - weft::detail::now().nanoseconds()) / 1000;
  *length = {left > 0 ? left / 1'000'000 : 0, left > 0 ? left % 1'000'000 : 0};
  return found;
}

int epoll_wait(int epoll, epoll_event* events, int room, int milliseconds) noexcept {
  if (milliseconds == 0 || !enter()) return real().epoll_wait(epoll, events, room, milliseconds);
  const int found = real().epoll_wait(epoll, events, room, 0);
  if (found != 0) return found;
  if (!can_park()) return real().epoll_wait(epoll, events, room, milliseconds);
  return wait_for_epoll(epoll, events, room, until_past(milliseconds));
}

int epoll_pwait(int epoll, epoll_event* events, int room, int milliseconds, const sigset_t* mask) noexcept {
  if (mask == nullptr) return posix::epoll_wait(epoll, events, room, milliseconds);
  if (milliseconds == 0 || !enter()) return real().epoll_pwait(epoll, events, room, milliseconds, mask);
  return off_worker([&] { return real().epoll_pwait(epoll, events, room, milliseconds, mask); });
}

int epoll_pwait2(int epoll, epoll_event* events, int room, const timespec* length, const sigset_t* mask) noexcept {
  const auto call = [&] { return real().epoll_pwait2(epoll, events, room, length, mask); };
  if ((length != nullptr && !is_a_time(*length)) || !enter()) return call();
  if (mask != nullptr) return off_worker(call);
  const int found = real().epoll_wait(epoll, events, room, 0);
  if (found != 0) return found;
  return can_park() ? wait_for_epoll(epoll, events, room, until_after(length)) : call();
}

int poll(pollfd* fds, nfds_t count, int milliseconds) noexcept {
  if (milliseconds == 0 || !enter()) return real().poll(fds, count, milliseconds);
  const int found = real().poll(fds, count, 0);
  if (found != 0) return found;
  if (!can_park()) return real().poll(fds, count, milliseconds);
  const deadline until = until_past(milliseconds);
  several waits(count);
  for (nfds_t i = 0; i < count; ++i) waits.add(fds[i].fd, static_cast<std::uint16_t>(fds[i].events));
  return waits.until_found(until, "posix poll", [&] { return real().poll(fds, count, 0); });
}

}  // namespace weft::posix
