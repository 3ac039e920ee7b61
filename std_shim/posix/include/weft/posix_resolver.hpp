#pragma once
// Room: posix. libc's own queries of the domain name system, in the shape of <resolv.h>: inside a fiber they park it.
// Linux alone, in neither the umbrella header nor posix.hpp, which need not know <resolv.h>.
//
//   unsigned char answer[1024];
//   const int size = weft::posix::res_query("example.org", ns_c_in, ns_t_mx, answer, sizeof(answer));
//   if (size < 0) return h_errno;
//
// They run on a helper thread, and are waited for to their end, which the resolver's own limits set (some seconds for
// each server that is silent). A fiber that is asked to end before gets -1 and ECANCELED. h_errno and errno say why
// there is no answer, as libc's do. A C library that has these names in libresolv alone (glibc before 2.34) needs a
// program that links it: otherwise -1, NETDB_INTERNAL and ENOSYS.
// The state. What begins with res_n uses the caller's, by one fiber at a time, as with libc. The others use the
// thread's (_res), which is another one on the helper: what the caller has set in his (options, retrans, retry, ndots,
// and servers of IPv4) holds there for the call; domains to search are those of resolv.conf.
// Elsewhere (a plain thread, a handler of a signal, a forked child) they are libc's. What else stands in <resolv.h>
// does not wait, and needs no call of ours.
// Next: posix.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <netinet/in.h>

#include <arpa/nameser.h>
#include <resolv.h>

#pragma GCC visibility push(default)

namespace weft::posix {

int res_query(const char* name, int kind, int type, unsigned char* answer, int size) noexcept;
int res_search(const char* name, int kind, int type, unsigned char* answer, int size) noexcept;
int res_querydomain(const char* name, const char* domain, int kind, int type, unsigned char* answer, int size) noexcept;
int res_send(const unsigned char* query, int query_size, unsigned char* answer, int size) noexcept;

int res_nquery(res_state state, const char* name, int kind, int type, unsigned char* answer, int size) noexcept;
int res_nsearch(res_state state, const char* name, int kind, int type, unsigned char* answer, int size) noexcept;
int res_nquerydomain(res_state state, const char* name, const char* domain, int kind, int type, unsigned char* answer,
                     int size) noexcept;
int res_nsend(res_state state, const unsigned char* query, int query_size, unsigned char* answer, int size) noexcept;

}  // namespace weft::posix

#pragma GCC visibility pop
