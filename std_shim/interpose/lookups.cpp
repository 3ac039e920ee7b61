// std_shim, interpose: names of hosts and services. All of them wait inside of libc, so a helper thread does.

#include <netdb.h>
#include <netinet/in.h>

#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

WEFT_TAKES int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  return pass(taken::getaddrinfo, WEFT_CALLER, posix::getaddrinfo, real().getaddrinfo, node, service, hints, found);
}
WEFT_TAKES int getnameinfo(const sockaddr* of, socklen_t of_size, char* host, socklen_t host_size, char* service,
                           socklen_t service_size, int flags) {
  return pass(taken::getnameinfo, WEFT_CALLER, posix::getnameinfo, real().getnameinfo, of, of_size, host, host_size,
              service, service_size, flags);
}

WEFT_TAKES hostent* gethostbyname(const char* name) {
  return pass(taken::gethostbyname, WEFT_CALLER, posix::gethostbyname, real().gethostbyname, name);
}
WEFT_TAKES hostent* gethostbyname2(const char* name, int family) {
  return pass(taken::gethostbyname2, WEFT_CALLER, posix::gethostbyname2, real().gethostbyname2, name, family);
}
WEFT_TAKES hostent* gethostbyaddr(const void* address, socklen_t size, int family) {
  return pass(taken::gethostbyaddr, WEFT_CALLER, posix::gethostbyaddr, real().gethostbyaddr, address, size, family);
}
WEFT_TAKES int gethostbyname_r(const char* name, hostent* answer, char* buffer, size_t size, hostent** found,
                               int* error) {
  return pass(taken::gethostbyname_r, WEFT_CALLER, posix::gethostbyname_r, real().gethostbyname_r, name, answer, buffer,
              size, found, error);
}
WEFT_TAKES int gethostbyname2_r(const char* name, int family, hostent* answer, char* buffer, size_t size,
                                hostent** found, int* error) {
  return pass(taken::gethostbyname2_r, WEFT_CALLER, posix::gethostbyname2_r, real().gethostbyname2_r, name, family,
              answer, buffer, size, found, error);
}
WEFT_TAKES int gethostbyaddr_r(const void* address, socklen_t address_size, int family, hostent* answer, char* buffer,
                               size_t size, hostent** found, int* error) {
  return pass(taken::gethostbyaddr_r, WEFT_CALLER, posix::gethostbyaddr_r, real().gethostbyaddr_r, address,
              address_size, family, answer, buffer, size, found, error);
}

WEFT_TAKES servent* getservbyname(const char* name, const char* protocol) {
  return pass_to_helper(taken::getservbyname, WEFT_CALLER, real().getservbyname, name, protocol);
}
WEFT_TAKES servent* getservbyport(int port, const char* protocol) {
  return pass_to_helper(taken::getservbyport, WEFT_CALLER, real().getservbyport, port, protocol);
}
WEFT_TAKES int getservbyname_r(const char* name, const char* protocol, servent* answer, char* buffer, size_t size,
                               servent** found) {
  return pass_to_helper(taken::getservbyname_r, WEFT_CALLER, real().getservbyname_r, name, protocol, answer, buffer,
                        size, found);
}
WEFT_TAKES int getservbyport_r(int port, const char* protocol, servent* answer, char* buffer, size_t size,
                               servent** found) {
  return pass_to_helper(taken::getservbyport_r, WEFT_CALLER, real().getservbyport_r, port, protocol, answer, buffer,
                        size, found);
}

// Those that are given no state use the helper's, which is as /etc/resolv.conf has it.

WEFT_TAKES int res_query(const char* name, int of_class, int type, unsigned char* answer, int room) noexcept {
  return pass_to_helper(taken::res_query, WEFT_CALLER, real().res_query, name, of_class, type, answer, room);
}
WEFT_TAKES int res_search(const char* name, int of_class, int type, unsigned char* answer, int room) noexcept {
  return pass_to_helper(taken::res_search, WEFT_CALLER, real().res_search, name, of_class, type, answer, room);
}
WEFT_TAKES int res_querydomain(const char* name, const char* domain, int of_class, int type, unsigned char* answer,
                               int room) noexcept {
  return pass_to_helper(taken::res_querydomain, WEFT_CALLER, real().res_querydomain, name, domain, of_class, type,
                        answer, room);
}
WEFT_TAKES int res_send(const unsigned char* query, int size, unsigned char* answer, int room) noexcept {
  return pass_to_helper(taken::res_send, WEFT_CALLER, real().res_send, query, size, answer, room);
}
WEFT_TAKES int res_nquery(res_state state, const char* name, int of_class, int type, unsigned char* answer,
                          int room) noexcept {
  return pass_to_helper(taken::res_nquery, WEFT_CALLER, real().res_nquery, state, name, of_class, type, answer, room);
}
WEFT_TAKES int res_nsearch(res_state state, const char* name, int of_class, int type, unsigned char* answer,
                           int room) noexcept {
  return pass_to_helper(taken::res_nsearch, WEFT_CALLER, real().res_nsearch, state, name, of_class, type, answer, room);
}
WEFT_TAKES int res_nquerydomain(res_state state, const char* name, const char* domain, int of_class, int type,
                                unsigned char* answer, int room) noexcept {
  return pass_to_helper(taken::res_nquerydomain, WEFT_CALLER, real().res_nquerydomain, state, name, domain, of_class,
                        type, answer, room);
}
WEFT_TAKES int res_nsend(res_state state, const unsigned char* query, int size, unsigned char* answer,
                         int room) noexcept {
  return pass_to_helper(taken::res_nsend, WEFT_CALLER, real().res_nsend, state, query, size, answer, room);
}

WEFT_ALSO(__res_query, res_query);
WEFT_ALSO(__res_search, res_search);
WEFT_ALSO(__res_querydomain, res_querydomain);
WEFT_ALSO(__res_send, res_send);
WEFT_ALSO(__res_nquery, res_nquery);
WEFT_ALSO(__res_nsearch, res_nsearch);
WEFT_ALSO(__res_nquerydomain, res_nquerydomain);
WEFT_ALSO(__res_nsend, res_nsend);
