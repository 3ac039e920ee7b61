// Room: netpoll. See dial_race.hpp.

#include "dial_race.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/park.hpp>

#include "any_ready.hpp"
#include "closed.hpp"
#include "direction_use.hpp"
#include "socket_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net::detail {

namespace {

using namespace std::chrono_literals;

bool is_given(const endpoint& local) noexcept { return local != endpoint(); }

bool reaches(const endpoint& local, const endpoint& to) noexcept {
  return local.is_unspecified() || local.is_v6() == to.is_v6();
}

// The local address in the family of who is dialed: "0.0.0.0:53" and "[::]:53" say no more than the port.
endpoint local_for(const endpoint& local, const endpoint& to) noexcept {
  if (!local.is_unspecified()) return local;
  return to.is_v6() ? endpoint::v6({}, local.port()) : endpoint::v4({}, local.port());
}

// A machine without one of the families says of its addresses what is of no interest if the others were heard of.
bool is_for_want_of_a_way(const std::error_code& ec) noexcept {
  return ec == std::errc::network_unreachable || ec == std::errc::address_family_not_supported ||
         ec == std::errc::address_not_available;
}

// A port of this machine on which nobody listens may be the very one that the system chose for our end, and TCP
// connects it to itself.
bool is_its_own_peer(int fd, const endpoint& peer) noexcept {
  std::error_code ec;
  return address_of(fd, ec) == peer && !ec;
}

// A connection under way has come through when the socket is writable, has no error, and has a peer: an event alone may
// be left over from an earlier tenant of the block. operation_in_progress: not yet.
std::error_code outcome_of(descriptor_block& block) noexcept {
  readiness& word = block.readiness_of(direction::write);
  const readiness::word seen = word.prepare();
  if (readiness::is_closing(seen)) return closed_meanwhile();
  if (!readiness::is_ready(seen)) return std::make_error_code(std::errc::operation_in_progress);
  const int fd = block.fd.load(std::memory_order_relaxed);  // relaxed: the caller moved it in
  if (auto ec = pending_error(fd)) return ec;
  std::error_code ec;
  const endpoint peer = peer_address_of(fd, ec);
  if (ec == std::errc::not_connected) {
    static_cast<void>(word.clear(seen));  // if an event came meanwhile, no wait begins, and we look again
    return std::make_error_code(std::errc::operation_in_progress);
  }
  if (!ec && is_its_own_peer(fd, peer)) return std::make_error_code(std::errc::connection_refused);
  return ec;
}

}  // namespace

std::vector<endpoint> in_dialing_order(const std::vector<endpoint>& addresses, const endpoint& local) {
  std::vector<endpoint> first, second, all;
  for (const endpoint& each : addresses)
    if (reaches(local, each)) (each.is_v6() == addresses.front().is_v6() ? first : second).push_back(each);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

dial_race::dial_race(std::vector<endpoint> addresses, const dial_options& options, deadline until)
    : addresses_(std::move(addresses)), options_(options), until_(until) {
  sockets_.reserve(addresses_.size());
  blocks_.reserve(addresses_.size());
  if (addresses_.empty()) why_ = std::make_error_code(std::errc::address_family_not_supported);
}

descriptor dial_race::run(std::error_code& ec) {
  for (;;) {
    if (descriptor won = look_at_all(); won.block() != nullptr) return won;
    if (until_ <= weft::detail::now()) {
      ec = std::make_error_code(std::errc::timed_out);
      break;
    }
    if (is_next_due()) {
      begin_next();
    } else if (blocks_.empty()) {
      ec = why_;
      break;
    } else {
      await_any_ready(blocks_, direction::write, next_look(), "tcp connect");
    }
  }
  weft::detail::cancellation_point();  // "Ending together", cancellation.hpp
  return {};
}

bool dial_race::is_next_due() const noexcept {
  if (next_ == addresses_.size()) return false;
  return blocks_.empty() || next_at_ <= weft::detail::now();
}

deadline dial_race::next_look() const noexcept {
  return next_ == addresses_.size() ? until_ : std::min(until_, next_at_);
}

// D2. What has come through at once is found by the look that follows, as it is watched as writable.
void dial_race::begin_next() {
  weft::detail::cancellation_point();
  std::error_code ec;
  descriptor connecting = begin(addresses_[next_++], ec);
  next_at_ = deadline::after(weft::detail::now(), std::max<std::chrono::nanoseconds>(options_.attempt_delay, 10ms));
  if (ec) return note(ec);
  blocks_.push_back(connecting.block());
  sockets_.push_back(std::move(connecting));
}

descriptor dial_race::begin(const endpoint& to, std::error_code& ec) const {
  const opened opened = open_tcp_socket(to.is_v6());
  unique_fd fd(opened.fd);
  ec = opened.error ? opened.error : prepare(fd.get(), to);
  if (ec) return {};
  ec = start_connecting(fd.get(), to);
  const bool is_under_way = ec == std::errc::operation_in_progress;
  if (ec && !is_under_way) return {};
  // Watched after connect: a socket that is not connecting yet would greet us with a hang-up.
  return watch_descriptor(fd, !is_under_way, ec);
}

std::error_code dial_race::prepare(int fd, const endpoint& to) const noexcept {
  if (options_.no_delay)
    if (auto ec = set_option(fd, socket_option::no_delay, true)) return ec;
  if (!is_given(options_.local)) return {};
  // A port of one's own may have old connections that the system still remembers, and several attempts have the same.
  // Without one the system had better choose it knowing to whom; where it cannot it chooses now.
  if (options_.local.port() != 0) {
    if (auto ec = set_option(fd, socket_option::reuse_address, true)) return ec;
  } else {
    static_cast<void>(set_option(fd, socket_option::port_at_connect, true));
  }
  return bind_to(fd, local_for(options_.local, to));
}

// D4, D5.
descriptor dial_race::look_at_all() {
  for (std::size_t i = 0; i < blocks_.size();) {
    const std::error_code outcome = outcome_of(*blocks_[i]);
    if (!outcome) return std::move(sockets_[i]);
    if (outcome == std::errc::operation_in_progress)
      ++i;
    else
      drop(i, outcome);
  }
  return {};
}

void dial_race::drop(std::size_t which, const std::error_code& why) noexcept {
  note(why);
  sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(which));
  blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(which));
}

// The next is due at once. The first failure is told, unless it was for want of a way.
void dial_race::note(const std::error_code& why) noexcept {
  next_at_ = deadline::from_nanoseconds(0);
  if (!why_ || (is_for_want_of_a_way(why_) && !is_for_want_of_a_way(why))) why_ = why;
}

}  // namespace weft::net::detail
