// Room: posix. See weft/posix_resolver.hpp. Queries, on helper threads. libc's functions are looked up when the first
// one is called: where they stand in libresolv, a program that links weft need not link that.

#include <weft/posix_resolver.hpp>

#include <cerrno>
#include <string>

#include <dlfcn.h>
#include <netdb.h>

#include "off_worker.hpp"
#include "patience.hpp"

namespace weft::posix {

namespace {

using resolver_state = struct __res_state;  // a function has the same name

template <class F>
F look_up(const char* name) noexcept {
  void* found = ::dlsym(RTLD_DEFAULT, name);
  // As they are called inside of glibc before 2.34, whose <resolv.h> renames them.
  if (found == nullptr) found = ::dlsym(RTLD_DEFAULT, (std::string("__") + name).c_str());
  return reinterpret_cast<F>(found);
}

struct resolver_table {
  decltype(&::res_nquery) query = look_up<decltype(query)>("res_nquery");
  decltype(&::res_nsearch) search = look_up<decltype(search)>("res_nsearch");
  decltype(&::res_nquerydomain) query_domain = look_up<decltype(query_domain)>("res_nquerydomain");
  decltype(&::res_nsend) send = look_up<decltype(send)>("res_nsend");
};

const resolver_table& resolver() noexcept {
  static const resolver_table the_one;
  return the_one;
}

int refuse(int error) noexcept {
  set_host_error(NETDB_INTERNAL);
  return fail(error);
}

// `function` of libc's with the caller's state, wherever that may wait.
template <class Function, class... Arguments>
int ask(Function function, res_state state, Arguments... arguments) noexcept {
  if (function == nullptr) return refuse(ENOSYS);
  if (!enter()) return function(state, arguments...);
  int told = NETDB_INTERNAL;  // if it does not begin: errno says why
  const int size = off_worker([&] {
    const int got = function(state, arguments...);
    told = state->res_h_errno;
    return got;
  });
  if (size < 0) set_host_error(told);
  return size;
}

// What a caller has set in the state of his thread, for a state that is made elsewhere.
struct resolver_wishes {
  bool are_set = false;
  int retrans = 0, retry = 0, servers = 0;
  unsigned long options = 0;
  unsigned dots = 0;
  sockaddr_in server[MAXNS] = {};
};

// Not for the race detector, as set_error: the state is the thread's, and its fibers have all had it.
__attribute__((noinline, no_sanitize("thread"))) resolver_wishes wishes_of_this_thread() noexcept {
  const resolver_state& mine = _res;
  resolver_wishes wishes;
  wishes.are_set = (mine.options & RES_INIT) != 0;
  wishes.retrans = mine.retrans;
  wishes.retry = mine.retry;
  wishes.options = mine.options;
  wishes.dots = mine.ndots;
  wishes.servers = mine.nscount;
  for (int i = 0; i < mine.nscount && i < MAXNS; ++i) wishes.server[i] = mine.nsaddr_list[i];
  return wishes;
}

res_state state_of_this_thread() noexcept {
  if ((_res.options & RES_INIT) == 0) static_cast<void>(::res_init());
  return &_res;
}

void fulfil(const resolver_wishes& wishes, resolver_state& in) noexcept {
  if (!wishes.are_set) return;
  in.retrans = wishes.retrans;
  in.retry = wishes.retry;
  in.options = wishes.options;
  in.ndots = wishes.dots & 0xf;
  in.nscount = wishes.servers;
  for (int i = 0; i < wishes.servers && i < MAXNS; ++i) in.nsaddr_list[i] = wishes.server[i];
}

// The same for who has no state of his own. On the helper it is made, used and ended: that reads a file.
template <class Function, class... Arguments>
int ask_anew(Function function, Arguments... arguments) noexcept {
  if (function == nullptr) return refuse(ENOSYS);
  const resolver_wishes wishes = wishes_of_this_thread();
  if (!enter()) return function(state_of_this_thread(), arguments...);
  int told = NETDB_INTERNAL;
  const int size = off_worker([&] {
    resolver_state mine{};
    if (::res_ninit(&mine) != 0) return -1;
    fulfil(wishes, mine);
    const int got = function(&mine, arguments...);
    const int error = last_error();
    told = mine.res_h_errno;
    ::res_nclose(&mine);
    set_error(error);
    return got;
  });
  if (size < 0) set_host_error(told);
  return size;
}

}  // namespace

int res_query(const char* name, int kind, int type, unsigned char* answer, int size) noexcept {
  return ask_anew(resolver().query, name, kind, type, answer, size);
}

int res_search(const char* name, int kind, int type, unsigned char* answer, int size) noexcept {
  return ask_anew(resolver().search, name, kind, type, answer, size);
}

int res_querydomain(const char* name, const char* domain, int kind, int type, unsigned char* answer,
                    int size) noexcept {
  return ask_anew(resolver().query_domain, name, domain, kind, type, answer, size);
}

int res_send(const unsigned char* query, int query_size, unsigned char* answer, int size) noexcept {
  return ask_anew(resolver().send, query, query_size, answer, size);
}

int res_nquery(res_state state, const char* name, int kind, int type, unsigned char* answer, int size) noexcept {
  return ask(resolver().query, state, name, kind, type, answer, size);
}

int res_nsearch(res_state state, const char* name, int kind, int type, unsigned char* answer, int size) noexcept {
  return ask(resolver().search, state, name, kind, type, answer, size);
}

int res_nquerydomain(res_state state, const char* name, const char* domain, int kind, int type, unsigned char* answer,
                     int size) noexcept {
  return ask(resolver().query_domain, state, name, domain, kind, type, answer, size);
}

int res_nsend(res_state state, const unsigned char* query, int query_size, unsigned char* answer, int size) noexcept {
  return ask(resolver().send, state, query, query_size, answer, size);
}

}  // namespace weft::posix
