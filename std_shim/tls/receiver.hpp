#pragma once
// Room: tls. Where the ciphertext of one call is received. While nothing is there a small piece of the stack waits;
// memory is taken only when more is known to be on its way: an idle connection holds none.

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>

#include <weft/netpoll/any_stream.hpp>

namespace weft::tls::detail {

class receiver {
 public:
  // Parks. Empty: the end of the stream, or an error. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> receive(net::any_stream& from, bool is_much, bool& was_full,
                                                   std::error_code& ec) {
    const std::span<std::byte> room = is_much || was_full ? large() : std::span<std::byte>(small_);
    const std::size_t n = from.read_some(room, ec);
    was_full = n == room.size();
    return room.first(n);
  }

 private:
  static constexpr std::size_t k_small = 512;        // most requests, and answers to them
  static constexpr std::size_t k_large = 34 * 1024;  // two records

  std::span<std::byte> large() {
    if (large_ == nullptr) large_ = std::make_unique_for_overwrite<std::byte[]>(k_large);
    return {large_.get(), k_large};
  }

  std::array<std::byte, k_small> small_;
  std::unique_ptr<std::byte[]> large_;
};

}  // namespace weft::tls::detail
