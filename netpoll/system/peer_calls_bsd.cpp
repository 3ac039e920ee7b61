// Room: netpoll. See peer_calls.hpp. LOCAL_PEERCRED, and LOCAL_PEERPID where that does not tell the process.

#include "peer_calls.hpp"

#include <sys/param.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include "calling.hpp"

namespace weft::net::detail {

namespace {

#if !defined(SOL_LOCAL)
constexpr int k_local = 0;
#else
constexpr int k_local = SOL_LOCAL;
#endif

template <class Value>
std::error_code ask(int fd, int name, Value& value) noexcept {
  socklen_t size = sizeof(value);
  return outcome([&] { return ::getsockopt(fd, k_local, name, &value, &size); });
}

}  // namespace

peer_identity peer_identity_of(int fd, std::error_code& ec) noexcept {
  xucred found{};
  if ((ec = ask(fd, LOCAL_PEERCRED, found))) return {};
  peer_identity peer;
  peer.user = found.cr_uid;
  peer.group = found.cr_ngroups > 0 ? found.cr_groups[0] : 0;
#if defined(LOCAL_PEERPID)
  ec = ask(fd, LOCAL_PEERPID, peer.process);
#else
  peer.process = found.cr_pid;
#endif
  return ec ? peer_identity() : peer;
}

}  // namespace weft::net::detail
