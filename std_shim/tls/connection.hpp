#pragma once
// Room: tls. One connection: OpenSSL's engine, the stream below it, and who may do what when.
//
// "Ciphertext". Who reads has the turn to read, who writes the turn to write (turns.hpp); the engine has a lock of its
// own (ssl_lock_), held over one call of OpenSSL, or a few, and never across a wait for the peer.
//   reader R1 lock: engine reads; keeps what is left of the input that it was lent
//          R2 it wants input: unlock; transport read (parks, with no lock); news; R1
//          R3 it has put something out (an answer to a key update, an alert): "Speaking up"
//   writer W1 lock: engine writes, its output is moved to sending_
//          W2 unlock; transport write until sending_ is sent (parks, with no lock)
//          W3 W1 wanted input: the turn to read if it is free, R2's receive, W1; else "News", W1
// - After the handshake the transport is read by who has the turn to read and written by who has the turn to write, and
//   by no one else. So a reader is never held up by a peer that does not read, nor a writer by one that does not write.
// - A write that ends early (deadline, cancellation) leaves the rest of sending_ to the next one: what was encrypted is
//   sent in order, whole, or never. It was taken, and is counted as written.
// - During the handshake one fiber has both turns: nobody else has the stream yet.
//
// "Speaking up". What a reader has put out can wait for the next write (RFC 8446, 4.6.3), but an alert has none behind
// it.
//   reader S1 reader_spoke_ = true                      writer V1 gives the turn to write back
//          S2 takes the turn to write if it is free,           V2 reader_spoke_: as S2
//             offers the output, gives the turn back
// Both turns pass through one lock: a reader that finds the turn held is before V1, and its word seen by V2. An offer
// is what the system takes at once from a socket (offer_calls.hpp); what it does not take waits in sending_. It goes by
// the number of the socket, and close() ends all offers, under offer_lock_, before that may be another's.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/chunk.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/sync/mutex.hpp>

#include "engine.hpp"
#include "plain_pieces.hpp"
#include "receiver.hpp"
#include "turns.hpp"

namespace weft::tls::detail {

class connection {
 public:
  // `socket` is the descriptor of `transport` if that is one, else -1.
  connection(net::any_stream transport, int socket, std::shared_ptr<context_core> context, std::string peer_name);

  // First, and once.
  void shake_hands(std::error_code& ec);

  std::size_t read(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  net::chunk borrow(std::error_code& ec);
  std::size_t fill(std::span<std::byte> buffer, std::error_code& ec);
  // All of them; or `at_most_once`: what goes out at once.
  std::size_t write(std::span<const std::span<const std::byte>> buffers, bool at_most_once, std::error_code& ec);
  void end_writing(std::error_code& ec);

  void set_deadline(way w, deadline until, std::error_code& ec);
  // False: it was closed before.
  bool close() noexcept;
  [[nodiscard]] bool is_open() noexcept { return turns_.is_open() && transport_.is_open(); }

  // Calls it with OpenSSL's object, locked.
  template <class Look>
  auto look(Look look_at) {
    const std::scoped_lock lock(ssl_lock_);
    return look_at(engine_.ssl());
  }
  // After a handshake that failed.
  [[nodiscard]] const std::vector<std::string>& refused_names() const noexcept { return engine_.refused_names(); }

 private:
  [[nodiscard]] std::size_t read_some(std::span<const std::span<std::byte>> buffers, std::error_code& ec);
  [[nodiscard]] net::chunk borrow_some(std::error_code& ec);
  [[nodiscard]] bool may_read(bool& is_within_record);
  void keep(std::span<const std::byte> fresh);
  [[nodiscard]] step decrypt(std::span<const std::byte> fresh, std::span<const std::span<std::byte>> buffers,
                             bool& is_within_record);
  [[nodiscard]] step encrypt(std::span<const std::byte> plain);
  [[nodiscard]] std::error_code send();
  [[nodiscard]] std::error_code receive_for_writer(std::uint64_t seen);
  void tell_closing(std::error_code& ec) noexcept;
  void speak_up() noexcept;
  void offer() noexcept;
  void say_goodbye() noexcept;

  turns turns_;
  weft::mutex ssl_lock_;
  engine engine_;  // under ssl_lock_
  std::atomic<bool> reader_spoke_{false};

  // Of who has the turn to read.
  bool was_full_ = false;  // the last receive filled what it was given
  // Of who has the turn to write.
  std::vector<std::byte> sending_;
  std::size_t sent_ = 0;
  bool has_ended_ = false;  // nothing may be written any more

  net::any_stream transport_;
  const int socket_;
  weft::detail::internal_lock offer_lock_;
  bool may_offer_ WEFT_GUARDED_BY(offer_lock_) = true;
};

}  // namespace weft::tls::detail
