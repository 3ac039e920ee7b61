#pragma once
// Room: tls. Where the ciphertext of one call is received. While nothing is there it waits without a buffer, and
// borrows one for what comes; room of its own is taken only in the middle of a record, when more is known to be on its
// way: an idle connection holds none.

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
  // Parks. Empty: the end of the stream, or an error. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> receive(net::any_stream& from, bool is_within_record, std::error_code& ec) {
    borrowed_ = {};
    if (is_within_record && has_room()) return std::span(room_.get(), from.read_some(room(), ec));
    borrowed_ = from.read_chunk(ec);
    return borrowed_.bytes();
  }

 private:
  static constexpr std::size_t k_room = 34 * 1024;  // two records

  [[nodiscard]] bool has_room() noexcept {
    if (room_ == nullptr) room_.reset(new (std::nothrow) std::byte[k_room]);
    return room_ != nullptr;
  }
  [[nodiscard]] std::span<std::byte> room() const noexcept { return {room_.get(), k_room}; }

  net::chunk borrowed_;
  std::unique_ptr<std::byte[]> room_;
};

}  // namespace weft::tls::detail
