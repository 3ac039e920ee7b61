// Room: posix. close: what is known of a number is forgotten, and who waits there is woken. The numbers of a poller are
// no numbers to who would close them.

#include <weft/posix.hpp>

#include <cerrno>

#include <weft/netpoll/detail/foreign_wait.hpp>
#include <weft/netpoll/detail/own_numbers.hpp>
#include <weft/runtime/detail/meant_race.hpp>

#include "descriptor_kind.hpp"
#include "patience.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

constinit weft::detail::internal_lock g_flag_locks[64];

}  // namespace

weft::detail::internal_lock& lock_of_flags(int fd) noexcept { return g_flag_locks[static_cast<unsigned>(fd) % 64]; }

namespace {

int refused(int error) noexcept {
  set_error(error);
  return -1;
}

// A close here is meant to come while others use the number: they are woken, or told by the kernel.
int close_now(int fd) noexcept {
  const weft::detail::meant_race with_others;
  return real().close(fd);
}

}  // namespace

// Who begins to wait between the two looks has waited for what is closed by now: it is sent to try again.
int close(int fd) noexcept {
  if (weft::net::detail::is_own_number(fd)) return refused(EBADF);
  weft::net::detail::close_foreign(fd);
  forget_way(fd);
  const int result = close_now(fd);
  weft::net::detail::forget_foreign(fd);
  return result;
}

namespace {

// As close, for each of them.
template <class Call>
int close_between(unsigned first, unsigned last, Call call) noexcept {
  weft::net::detail::close_foreign_range(first, last);
  forget_ways(first, last);
  const int result = [&] {
    const weft::detail::meant_race with_others;
    return call(first, last);
  }();
  weft::net::detail::forget_foreign_range(first, last);
  return result;
}

// Range by range, around the numbers of pollers.
template <class Call>
int close_all(unsigned first, unsigned last, Call call) noexcept {
  for (;;) {
    const int ours = weft::net::detail::next_own_number(first);
    const auto wall = static_cast<unsigned>(ours);
    if (ours < 0 || wall > last) return close_between(first, last, call);
    if (wall > first)
      if (const int result = close_between(first, wall - 1, call); result != 0) return result;
    if (wall == last) return 0;
    first = wall + 1;
  }
}

constexpr unsigned k_no_end = ~0U;

// Where the kernel knows no close_range: of a range with an end, which is below a number of ours.
int close_each(unsigned first, unsigned last) noexcept {
  for (unsigned fd = first; fd <= last; ++fd) (void)real().close(static_cast<int>(fd));
  return 0;
}

}  // namespace

int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (flags != 0 || first > last) return real().close_range(first, last, flags);
  return close_all(first, last, [](unsigned from, unsigned to) { return real().close_range(from, to, 0); });
}

void closefrom(int first) noexcept {
  close_all(first < 0 ? 0 : static_cast<unsigned>(first), k_no_end, [](unsigned from, unsigned to) {
    if (to == k_no_end) return real().closefrom(static_cast<int>(from)), 0;
    return real().close_range(from, to, 0) == 0 ? 0 : close_each(from, to);
  });
}

namespace {

// As close, if `from` can be given at all: otherwise `to` stays what it is.
template <class Call>
int give_number(int from, int to, Call call) noexcept {
  if (from == to || real().fcntl(from, F_GETFD) < 0) return call();
  if (weft::net::detail::is_own_number(to)) return refused(EBUSY);
  weft::net::detail::close_foreign(to);
  forget_way(to);
  const int result = [&call] {
    const weft::detail::meant_race with_others;
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
