// Room: tests of netpoll. See fake_resolver.hpp.

#include "fake_resolver.hpp"

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>

#include <socket_address.hpp>
#include <support/wait_until.hpp>

namespace weft::testing {
namespace {

struct fake_answer {
  std::vector<net::endpoint> addresses;
  int otherwise = EAI_AGAIN;
};

struct resolver_state {
  std::mutex mutex;
  std::map<std::string, fake_answer> answers;
  std::map<std::string, int> asked;
  std::atomic<bool> is_held_back{false};
  std::atomic<int> asking{0};
};

resolver_state& the_resolver() {
  static resolver_state& the_one = *new resolver_state;
  return the_one;
}

// As getaddrinfo gives it, so that the system's freeaddrinfo takes it back: an address lies behind its entry.
addrinfo* list_of(const std::vector<net::endpoint>& addresses, std::uint16_t port) {
  addrinfo* first = nullptr;
  for (auto each = addresses.rbegin(); each != addresses.rend(); ++each) {
    const net::detail::socket_address address(each->port() == 0 ? each->with_port(port) : *each);
    auto* const entry = static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_storage)));
    entry->ai_family = address.get()->sa_family;
    entry->ai_socktype = SOCK_STREAM;
    entry->ai_addr = reinterpret_cast<sockaddr*>(entry + 1);
    entry->ai_addrlen = address.size;
    std::memcpy(entry->ai_addr, address.get(), address.size);
    entry->ai_next = first;
    first = entry;
  }
  return first;
}

fake_answer asked_for_answer(const std::string& name) {
  resolver_state& state = the_resolver();
  ++state.asking;
  {
    const std::lock_guard lock(state.mutex);
    ++state.asked[name];
  }
  state.is_held_back.wait(true);
  fake_answer told;
  {
    const std::lock_guard lock(state.mutex);
    if (const auto found = state.answers.find(name); found != state.answers.end()) told = found->second;
  }
  --state.asking;
  return told;
}

}  // namespace

fake_resolver::fake_resolver() {
  const std::lock_guard lock(the_resolver().mutex);
  the_resolver().asked.clear();
  the_resolver().answers.clear();
}

fake_resolver::~fake_resolver() {
  let_go();
  wait_until([this] { return asking() == 0; });
  const std::lock_guard lock(the_resolver().mutex);
  the_resolver().answers.clear();
}

void fake_resolver::answer(const std::string& name, const std::vector<net::endpoint>& addresses) {
  const std::lock_guard lock(the_resolver().mutex);
  the_resolver().answers[name] = {addresses, EAI_AGAIN};
}

void fake_resolver::refuse(const std::string& name, int otherwise) {
  const std::lock_guard lock(the_resolver().mutex);
  the_resolver().answers[name] = {{}, otherwise};
}

void fake_resolver::hold_back() noexcept { the_resolver().is_held_back = true; }

void fake_resolver::let_go() noexcept {
  the_resolver().is_held_back = false;
  the_resolver().is_held_back.notify_all();
}

int fake_resolver::asking() const noexcept { return the_resolver().asking; }

int fake_resolver::asked_for(const std::string& name) const {
  const std::lock_guard lock(the_resolver().mutex);
  return the_resolver().asked[name];
}

}  // namespace weft::testing

// The program's own, before the C library's.
extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                                                          addrinfo** found) {
  using namespace weft::testing;
  if (host == nullptr || !std::string_view(host).ends_with(".test")) {
    static const auto of_the_system = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return of_the_system(host, service, hints, found);
  }
  const fake_answer told = asked_for_answer(host);
  if (told.addresses.empty()) return told.otherwise;
  *found = list_of(told.addresses, static_cast<std::uint16_t>(std::atoi(service)));
  return 0;
}
