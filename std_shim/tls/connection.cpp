// Room: tls. See connection.hpp: "Ciphertext" and "Speaking up".

#include "connection.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/tls/errc.hpp>

#include "offer_calls.hpp"

namespace weft::tls::detail {

namespace {

net::time_limit at(deadline until) noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until.nanoseconds()));
}

bool is_all_empty(std::span<const std::span<std::byte>> buffers) noexcept {
  return std::all_of(buffers.begin(), buffers.end(), [](const auto& each) { return each.empty(); });
}

}  // namespace

connection::connection(net::any_stream transport, int socket, std::shared_ptr<context_core> context,
                       std::string peer_name)
    : engine_(std::move(context), std::move(peer_name)), transport_(std::move(transport)), socket_(socket) {}

// --- The handshake.

// What a failed one has to say (an alert) is said, too.
void connection::shake_hands(std::error_code& ec) {
  if ((ec = engine_.set_up())) return;
  receiver room;
  std::span<const std::byte> fresh;
  for (;;) {
    engine_.lend_input(fresh);
    const step now = engine_.handshake();
    engine_.keep_input();
    engine_.take_output(sending_);
    ec = send();
    if (now.what == outcome::failed) ec = now.error;
    if (ec || now.what == outcome::done) return;
    fresh = room.receive(transport_, engine_.is_within_record(), was_full_, ec);
    if (fresh.empty() && !ec) ec = errc::truncated;
    if (ec) return;
  }
}

// --- Reading.

// R1.
step connection::decrypt(std::span<const std::byte> fresh, std::span<const std::span<std::byte>> buffers,
                         bool& is_within_record) {
  step now;
  bool has_output = false;
  {
    const std::scoped_lock lock(ssl_lock_);
    engine_.lend_input(fresh);
    now = engine_.read(buffers);
    engine_.keep_input();
    is_within_record = engine_.is_within_record();
    has_output = engine_.has_output();
  }
  if (!fresh.empty()) turns_.tell_news();
  if (has_output) speak_up();
  return now;
}

std::size_t connection::read_some(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  receiver room;
  std::span<const std::byte> fresh;
  for (;;) {
    bool is_within_record = false;
    const step now = decrypt(fresh, buffers, is_within_record);
    ec = now.error;
    if (now.what != outcome::wants_input) return now.moved;
    fresh = room.receive(transport_, is_within_record, was_full_, ec);
    if (fresh.empty() && !ec) ec = errc::truncated;
    if (ec) return 0;
  }
}

std::size_t connection::read(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  const turn mine(turns_, way::read);
  ec = mine.error();
  if (ec || is_all_empty(buffers)) return 0;
  const std::size_t n = read_some(buffers, ec);
  tell_closing(ec);
  return n;
}

// A buffer is borrowed for what is there, and goes back before each wait.
net::chunk connection::borrow_some(std::error_code& ec) {
  receiver room;
  std::span<const std::byte> fresh;
  for (;;) {
    bool is_within_record = false;
    if (!fresh.empty() || may_read(is_within_record)) {
      auto buffer = net::detail::borrow_buffer(ec);
      if (ec) return keep(fresh), net::chunk();
      const std::span<std::byte> whole(buffer.get(), net::chunk::max_size());
      const step now = decrypt(fresh, {&whole, 1}, is_within_record);
      ec = now.error;
      if (now.moved != 0) return net::chunk(std::move(buffer), 0, now.moved);
      if (now.what != outcome::wants_input) return {};
    }
    fresh = room.receive(transport_, is_within_record, was_full_, ec);
    if (fresh.empty() && !ec) ec = errc::truncated;
    if (ec) return {};
  }
}

net::chunk connection::borrow(std::error_code& ec) {
  const turn mine(turns_, way::read);
  if ((ec = mine.error())) return {};
  net::chunk got = borrow_some(ec);
  tell_closing(ec);
  return got;
}

bool connection::may_read(bool& is_within_record) {
  const std::scoped_lock lock(ssl_lock_);
  is_within_record = engine_.is_within_record();
  return engine_.may_read();
}

void connection::keep(std::span<const std::byte> fresh) {
  const std::scoped_lock lock(ssl_lock_);
  engine_.lend_input(fresh);
  engine_.keep_input();
}

std::size_t connection::fill(std::span<std::byte> buffer, std::error_code& ec) {
  const turn mine(turns_, way::read);
  if ((ec = mine.error())) return 0;
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::span<std::byte> rest = buffer.subspan(filled);
    const std::size_t n = read_some({&rest, 1}, ec);
    if (n == 0 && !ec) ec = net::errc::end_of_stream;
    if (ec) break;
    filled += n;
    if (filled == buffer.size()) break;
    weft::detail::cancellation_point();
    if ((ec = turns_.standing(way::read))) break;
  }
  tell_closing(ec);
  return filled;
}

// --- Writing.

// W1.
step connection::encrypt(std::span<const std::byte> plain) {
  const std::scoped_lock lock(ssl_lock_);
  const step now = engine_.write(plain);
  engine_.take_output(sending_);
  return now;
}

// W2. Each piece of the transport says exactly what it took, also if the next one is cancelled.
std::error_code connection::send() {
  std::error_code ec;
  while (sent_ < sending_.size()) {
    sent_ += transport_.write_some(std::span<const std::byte>(sending_).subspan(sent_), ec);
    if (ec) return ec;
  }
  std::vector<std::byte>().swap(sending_);  // an idle connection holds no memory for it
  sent_ = 0;
  return ec;
}

// W3.
std::error_code connection::receive_for_writer(std::uint64_t seen) {
  if (const auto ec = turns_.standing(way::write)) return ec;
  if (!turns_.try_take(way::read)) return turns_.await_news(seen);
  struct back {
    turns& of;
    ~back() { of.give_back(way::read); }
  } const given_back{turns_};
  // A reader that was quicker has brought something: the engine is tried again first.
  if (turns_.news() != seen) return {};
  receiver room;
  std::error_code ec;
  const auto fresh = room.receive(transport_, false, was_full_, ec);
  if (fresh.empty() && !ec) ec = errc::truncated;
  keep(fresh);
  return ec;
}

std::size_t connection::write(std::span<const std::span<const std::byte>> buffers, bool at_most_once,
                              std::error_code& ec) {
  plain_pieces left(buffers);
  {
    const turn mine(turns_, way::write);
    if ((ec = mine.error())) return 0;
    if (has_ended_) ec = std::make_error_code(std::errc::broken_pipe);
    if (!ec) ec = send();  // what an earlier call has left
    while (!ec && !left.empty()) {
      const std::uint64_t seen = turns_.news();  // N1
      const auto piece = left.next(ec);
      if (ec) break;
      const step now = encrypt(piece);
      left.advance(now.moved);
      if ((ec = send())) break;
      ec = now.what == outcome::wants_input ? receive_for_writer(seen) : now.error;
      if (left.empty() || (at_most_once && left.taken() != 0)) break;
      weft::detail::cancellation_point();
      if (!ec) ec = turns_.standing(way::write);
    }
    tell_closing(ec);
  }
  // "Speaking up", V2. acquire: pairs with the release of speak_up, which the turn's lock has ordered before.
  if (reader_spoke_.load(std::memory_order_acquire)) speak_up();
  return left.taken();
}

void connection::end_writing(std::error_code& ec) {
  const turn mine(turns_, way::write);
  if ((ec = mine.error())) return;
  if ((ec = send())) return;
  has_ended_ = true;
  {
    const std::scoped_lock lock(ssl_lock_);
    engine_.say_goodbye();
    engine_.take_output(sending_);
  }
  ec = send();
  tell_closing(ec);
}

// A call that has begun before close() may come to the transport only after it.
void connection::tell_closing(std::error_code& ec) noexcept {
  if (ec == std::errc::bad_file_descriptor && !turns_.is_open())
    ec = std::make_error_code(std::errc::operation_canceled);
}

// --- Without waiting.

void connection::speak_up() noexcept {
  // release: pairs with the acquire in connection::write.
  reader_spoke_.store(true, std::memory_order_release);
  // acquire: whoever finds the turn held while we have it has its word seen here, as a writer's V2.
  while (reader_spoke_.load(std::memory_order_acquire) && turns_.try_take(way::write)) {
    reader_spoke_.store(false, std::memory_order_relaxed);  // relaxed: before the output is looked at, under its lock
    if (sending_.empty() && ssl_lock_.try_lock()) {
      engine_.take_output(sending_);
      ssl_lock_.unlock();
    }
    offer();
    turns_.give_back(way::write);
  }
}

// For who has the turn to write.
void connection::offer() noexcept {
  if (socket_ < 0 || sent_ == sending_.size()) return;
  {
    const weft::detail::internal_guard guard(offer_lock_);
    if (!may_offer_) return;
    sent_ += offer_to_socket(socket_, std::span<const std::byte>(sending_).subspan(sent_));
  }
  if (sent_ < sending_.size()) return;
  std::vector<std::byte>().swap(sending_);
  sent_ = 0;
}

// A last word, if nobody is in the middle of one and the system takes it at once.
void connection::say_goodbye() noexcept {
  offer();
  if (socket_ < 0 || !sending_.empty() || !ssl_lock_.try_lock()) return;
  engine_.say_goodbye();
  engine_.take_output(sending_);
  ssl_lock_.unlock();
  offer();
}

// --- Time, and the end.

void connection::set_deadline(way w, deadline until, std::error_code& ec) {
  if ((ec = turns_.set_deadline(w, until))) return;
  if (w == way::read)
    transport_.set_read_deadline(at(until), ec);
  else
    transport_.set_write_deadline(at(until), ec);
}

bool connection::close() noexcept {
  const auto how = turns_.close();
  if (how == turns::closing::closed_before) return false;
  if (how == turns::closing::closed_and_writes) say_goodbye();
  {
    const weft::detail::internal_guard guard(offer_lock_);
    may_offer_ = false;
  }
  transport_.close();
  return true;
}

}  // namespace weft::tls::detail
