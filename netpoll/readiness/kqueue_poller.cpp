// Room: netpoll. See kqueue_poller.hpp.

#include "kqueue_poller.hpp"

#include <algorithm>

#include "kqueue_calls.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

using weft::detail::ready_batch;

namespace {

// Always in doubt: an urgent byte is told like any other, and a read that stops short of it has not emptied the queue.
occurrence occurrence_of(const struct kevent& event) noexcept {
  const bool is_broken = (event.flags & (EV_EOF | EV_ERROR)) != 0;
  return {.readable = event.filter == EVFILT_READ || is_broken,
          .writable = event.filter == EVFILT_WRITE || is_broken,
          .doubtful = true};
}

}  // namespace

kqueue_poller::kqueue_poller() {
  const opened kqueue = open_kqueue();
  if (kqueue.error) throw std::system_error(kqueue.error, "weft: kqueue");
  if (const auto ec = add_user_event(kqueue.fd)) {
    close_descriptor(kqueue.fd);
    throw std::system_error(ec, "weft: kevent, EVFILT_USER");
  }
  kqueue_ = kqueue.fd;
  note_kqueue(this, kqueue_);
}

kqueue_poller::~kqueue_poller() {
  close_kqueue(this, kqueue_);
  refuse_who_is_left();
}

std::error_code kqueue_poller::watch(int fd, std::uint64_t key, bool& is_broken) noexcept {
  return detail::watch(kqueue_, fd, key, is_broken);
}

void kqueue_poller::poll(deadline until, ready_batch& ready) noexcept {
  const std::size_t most = std::min(k_most_events, ready.room() / 2);  // an event may wake a reader and a writer
  if (most == 0) return;
  bool interrupted = false;
  const std::size_t count =
      wait_for_events(kqueue_, std::span(events_).first(most * k_events_per_descriptor), until, interrupted);
  if (interrupted) end_wake();
  for (std::size_t i = 0; i < count; ++i) {
    if (events_[i].filter != EVFILT_USER) {
      deliver(key_of(events_[i]), occurrence_of(events_[i]), ready);
    } else {
      end_wake();
    }
  }
}

void kqueue_poller::wake() noexcept {
  if (begin_wake()) raise_user_event(kqueue_);
}

}  // namespace weft::net::detail
