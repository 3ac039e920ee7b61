#pragma once
// Room: tls. Where the ciphertext of one call is received. It waits without a buffer, and borrows one for what comes;
// room of its own is taken only in the middle of a record, if what was there last time filled what it was given: more
// is there. So an idle connection holds none, nor does one whose peer stops in the middle of a record; and what comes
// in bulk comes in few calls, for each of which the kernel may answer the peer.

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <system_error>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/chunk.hpp>

namespace weft::tls::detail {

class receiver {
 public:
  // Parks. Empty: the end of the stream, or an error. Valid until the next call. `was_full` is kept for the next one.
  [[nodiscard]] std::span<const std::byte> receive(net::any_stream& from, bool is_within_record, bool& was_full,
                                                   std::error_code& ec) {
    borrowed_ = {};
    if (is_within_record && was_full && has_room()) {
      const std::size_t n = from.read_some(room(), ec);
      was_full = n == k_room;
      return room().first(n);
    }
    borrowed_ = from.read_chunk(ec);
    was_full = borrowed_.size() == net::chunk::max_size();
    return borrowed_.bytes();
  }

 private:
  static constexpr std::size_t k_room = 68 * 1024;  // four records, and a part of the next one

  [[nodiscard]] bool has_room() noexcept {
    if (room_ == nullptr) room_.reset(new (std::nothrow) std::byte[k_room]);
    return room_ != nullptr;
  }
  [[nodiscard]] std::span<std::byte> room() const noexcept { return {room_.get(), k_room}; }

  net::chunk borrowed_;
  std::unique_ptr<std::byte[]> room_;
};

}  // namespace weft::tls::detail
