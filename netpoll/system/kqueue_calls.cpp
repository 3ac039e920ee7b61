// Room: netpoll. See kqueue_calls.hpp.

#include "kqueue_calls.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

#include <weft/runtime/detail/check.hpp>

#include "calling.hpp"

namespace weft::net::detail {

namespace {

static_assert(sizeof(void*) >= sizeof(std::uint64_t), "weft on kqueue needs 64 bits: the key of a block is its udata");

constexpr std::uintptr_t k_user_event = 0;

struct kevent change(std::uintptr_t of, int filter, int flags, unsigned filter_flags = 0, std::uint64_t key = 0) {
  struct kevent made {};
  made.ident = of;
  made.filter = static_cast<decltype(made.filter)>(filter);
  made.flags = static_cast<decltype(made.flags)>(flags);
  made.fflags = filter_flags;
  made.udata = reinterpret_cast<void*>(static_cast<std::uintptr_t>(key));  // NOLINT(performance-no-int-to-ptr)
  return made;
}

// no faults: whoever calls it draws them, but where a descriptor is about to be closed.
int tell(int kqueue, const struct kevent& news) noexcept { return ::kevent(kqueue, &news, 1, nullptr, 0, nullptr); }

// Darwin refuses what is much longer than this. Whoever waited for longer waits again.
constexpr std::int64_t k_longest_wait = 1'000'000;  // s

timespec time_left(deadline until) noexcept {
  // A deadline that is long past, such as a look that does not wait, needs no clock.
  if (until.nanoseconds() <= 0) return {};
  const std::int64_t left = until.nanoseconds() - deadline::at(deadline::clock::now()).nanoseconds();
  if (left <= 0) return {};
  timespec result{};
  result.tv_sec = static_cast<time_t>(std::min(left / 1'000'000'000, k_longest_wait));
  result.tv_nsec = static_cast<long>(left % 1'000'000'000);
  return result;
}

}  // namespace

opened open_kqueue() noexcept {
  const opened made = open_with([] { return ::kqueue(); });
  // A child of fork has none of it; one of posix_spawn must not inherit the number.
  if (!made.error) ::fcntl(made.fd, F_SETFD, FD_CLOEXEC);
  return made;
}

// Receipts: what became of each of the two, without any event that is there already.
std::error_code watch(int kqueue, int fd, std::uint64_t key, bool& is_broken) noexcept {
  if (is_faulty(fault::unwatched)) return error_of(ENOMEM);
  if (const int refused = drawn_refusal()) return error_of(refused);
  const auto of = static_cast<std::uintptr_t>(fd);
  const struct kevent both[] = {change(of, EVFILT_READ, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, key),
                                change(of, EVFILT_WRITE, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, key)};
  struct kevent receipts[2];
  const int count = repeat([&] { return ::kevent(kqueue, both, 2, receipts, 2, nullptr); });
  if (count < 0) return last_error_code();
  for (const struct kevent& receipt : std::span(receipts).first(static_cast<std::size_t>(count))) {
    const int error = static_cast<int>(receipt.data);
    if ((receipt.flags & EV_ERROR) == 0 || error == 0) continue;
    // A kqueue, as child_watch_bsd.cpp has one: nobody writes to it.
    if (receipt.filter == EVFILT_WRITE && error == EINVAL) continue;
    if (error != EPIPE) return error_of(error);
    is_broken = true;
  }
  return {};
}

void remove_from_kqueue(int kqueue, int fd) noexcept {
  for (const int filter : {EVFILT_READ, EVFILT_WRITE})
    tell(kqueue, change(static_cast<std::uintptr_t>(fd), filter, EV_DELETE));
}

std::error_code add_user_event(int kqueue) noexcept {
  return outcome([&] { return tell(kqueue, change(k_user_event, EVFILT_USER, EV_ADD | EV_CLEAR)); });
}

void raise_user_event(int kqueue) noexcept {
  const int result = repeat([&] { return tell(kqueue, change(k_user_event, EVFILT_USER, 0, NOTE_TRIGGER)); });
  WEFT_CHECK(result >= 0,
             "netpoll: the kernel refuses to wake the poller; did the program close a descriptor that is "
             "not its own? (kqueue, error)",
             kqueue, std::strerror(last_error()));
}

std::size_t wait_for_events(int kqueue, std::span<struct kevent> events, deadline until, bool& interrupted) noexcept {
  // An interrupted wait returns nothing: the caller looks around, and comes back with the time that is left.
  if ((interrupted = is_faulty(fault::interrupted))) return 0;
  const timespec timeout = until.is_never() ? timespec{} : time_left(until);
  const int count = ::kevent(kqueue, nullptr, 0, events.data(), static_cast<int>(events.size()),
                             until.is_never() ? nullptr : &timeout);
  if (count >= 0) return static_cast<std::size_t>(count);
  const int error = last_error();
  interrupted = error == EINTR;
  // Darwin has been seen to tell the end of the time as an error. No other passes: who waits would look for ever, and
  // nobody would be woken any more.
  WEFT_CHECK(
      interrupted || error == ETIMEDOUT,
      "netpoll: the kernel refuses to wait for events; did the program close a descriptor that is not its own, or "
      "does a filter forbid kevent? (descriptor, error)",
      kqueue, std::strerror(error));
  return 0;
}

}  // namespace weft::net::detail
