// Room: netpoll. See refusing_calls.hpp.

#include "refusing_calls.hpp"

#include "calling.hpp"

namespace weft::net::detail {

namespace {

// Not in older headers. A processor of which we do not know the number goes without.
#if defined(SO_PASSRIGHTS)
constexpr int k_pass_rights = SO_PASSRIGHTS;
#elif defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
constexpr int k_pass_rights = 83;
#else
constexpr int k_pass_rights = -1;
#endif

}  // namespace

bool refuse_descriptors(int fd) noexcept {
  const int no = 0;
  return !outcome([&] { return ::setsockopt(fd, SOL_SOCKET, k_pass_rights, &no, sizeof no); });
}

}  // namespace weft::net::detail
