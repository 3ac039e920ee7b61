// Room: posix. close: what is known of a number is forgotten, and who waits there is woken.

#include <weft/posix.hpp>

#include <weft/netpoll/detail/foreign_wait.hpp>
#include <weft/runtime/detail/meant_race.hpp>

#include "descriptor_kind.hpp"
#include "real.hpp"
#include "unblocked.hpp"

namespace weft::posix {

namespace {

constinit weft::detail::internal_lock g_flag_locks[64];

}  // namespace

weft::detail::internal_lock& lock_of_flags(int fd) noexcept { return g_flag_locks[static_cast<unsigned>(fd) % 64]; }

namespace {

// A close here is meant to come while others use the number: they are woken, or told by the kernel.
int close_now(int fd) noexcept {
  const weft::detail::meant_race with_others;
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

// As close, for each of them.
template <class Call>
auto close_all(unsigned first, unsigned last, Call call) noexcept {
  struct looks_twice {
    unsigned first, last;
    ~looks_twice() { weft::net::detail::forget_foreign_range(first, last); }
  };
  weft::net::detail::close_foreign_range(first, last);
  forget_ways(first, last);
  const looks_twice after{first, last};
  const weft::detail::meant_race with_others;
  return call();
}

}  // namespace

int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (flags != 0 || first > last) return real().close_range(first, last, flags);
  return close_all(first, last, [&] { return real().close_range(first, last, 0); });
}

void closefrom(int first) noexcept {
  close_all(first < 0 ? 0 : static_cast<unsigned>(first), ~0U, [&] { real().closefrom(first); });
}

namespace {

// As close, if `from` can be given at all: otherwise `to` stays what it is.
template <class Call>
int give_number(int from, int to, Call call) noexcept {
  if (from == to || real().fcntl(from, F_GETFD) < 0) return call();
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
