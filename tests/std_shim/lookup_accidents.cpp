// Room: tests. A resolver that takes its time, in a process where nobody else is awake: that is no deadlock. A process
// of its own, because not all threads of one with tests are weft's.

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/weft.hpp>

// Knows no name that ends in "test", and takes its time to say so.
extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                                                          addrinfo** found) {
  static const auto of_libc = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || !std::string_view(host).ends_with(".test")) return of_libc(host, service, hints, found);
  ::usleep(150'000);
  return EAI_NONAME;
}

namespace {

using namespace std::chrono_literals;

void ask_in_vain(const char* name) {
  if (weft::try_with_timeout(1ms, [name] { static_cast<void>(weft::net::resolve(name, "80")); })) std::_Exit(3);
}

bool is_answered(const char* name) {
  std::error_code ec;
  static_cast<void>(weft::net::resolve(name, "80", ec));
  return ec == weft::net::errc::host_not_found;
}

ACCIDENT(waits_for_the_answer_to_one_that_gave_up) {
  return weft::run({.workers = 2}, [] {
    ask_in_vain("slow.test");
    return is_answered("slow.test") ? 0 : 1;
  });
}

ACCIDENT(waits_for_the_place_of_one_that_gave_up) {
  weft::net::set_resolver({.most_lookups = 1});
  return weft::run({.workers = 2}, [] {
    ask_in_vain("slow.test");
    return is_answered("other.test") ? 0 : 1;
  });
}

}  // namespace
