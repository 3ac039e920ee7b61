// Room: tls. See offer_calls.hpp.

#include "offer_calls.hpp"

#include <sys/socket.h>

namespace weft::tls::detail {

std::size_t offer_to_socket(int fd, std::span<const std::byte> bytes) noexcept {
#ifdef MSG_NOSIGNAL
  constexpr int k_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
  constexpr int k_flags = MSG_DONTWAIT;  // there the socket itself has been told to raise none
#endif
  const auto sent = ::send(fd, bytes.data(), bytes.size(), k_flags);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

}  // namespace weft::tls::detail
