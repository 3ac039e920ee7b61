// Room: netpoll. See epoll_poller.hpp.

#include "epoll_poller.hpp"

#include <algorithm>

#include <weft/netpoll/detail/own_numbers.hpp>

#include "epoll_calls.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

using weft::detail::ready_batch;

namespace {

constexpr std::uint32_t k_everything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
constexpr std::uint32_t k_broken = EPOLLHUP | EPOLLERR;
// The end of a stream that came with the last bytes raises no edge of its own, and a read stops short of an urgent
// byte.
constexpr std::uint32_t k_doubtful = k_broken | EPOLLRDHUP | EPOLLPRI;

occurrence occurrence_of(std::uint32_t events) noexcept {
  return {.readable = (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | k_broken)) != 0,
          .writable = (events & (EPOLLOUT | k_broken)) != 0,
          .doubtful = (events & k_doubtful) != 0};
}

}  // namespace

epoll_poller::epoll_poller() {
  const opened epoll = open_epoll();
  if (epoll.error) throw std::system_error(epoll.error, "weft: epoll_create1");
  const opened_event event = open_event();
  const std::error_code ec =
      event.error ? event.error : detail::watch(epoll.fd, event.waited, EPOLLIN | EPOLLET, k_wake_key);
  if (ec) {
    if (event.waited >= 0) close_descriptor(event.waited);
    close_descriptor(epoll.fd);
    throw std::system_error(ec, "weft: eventfd");
  }
  epoll_ = epoll.fd;
  wake_event_ = event.waited;
  for (const int fd : {epoll_, wake_event_}) keep_own_number(fd);
}

epoll_poller::~epoll_poller() {
  refuse_who_is_left();  // before the number of the epoll may be another's
  for (const int fd : {wake_event_, epoll_}) {
    give_up_own_number(fd);  // before it may be another's
    close_descriptor(fd);
  }
}

std::error_code epoll_poller::watch(int fd, std::uint64_t key, bool&) noexcept {
  return detail::watch(epoll_, fd, k_everything, key);
}

void epoll_poller::poll(deadline until, ready_batch& ready) noexcept {
  const std::size_t most = std::min(k_most_events, ready.room() / 2);  // an event may wake a reader and a writer
  if (most == 0) return;
  const std::size_t count = wait_for_events(epoll_, std::span(events_).first(most), until);
  for (std::size_t i = 0; i < count; ++i) {
    if (events_[i].data.u64 != k_wake_key) {
      deliver(events_[i].data.u64, occurrence_of(events_[i].events), ready);
    } else {
      end_wake();
    }
  }
}

void epoll_poller::wake() noexcept {
  if (begin_wake()) raise_event(wake_event_);
}

}  // namespace weft::net::detail
