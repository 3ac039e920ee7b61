// Room: netpoll. Which poller a runtime gets: the first of those that this build has (-Dpoller), or the one that the
// environment variable WEFT_POLLER names.

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "descriptor_poller.hpp"

#if defined(WEFT_EPOLL)
#include "epoll_poller.hpp"
#endif
#if defined(WEFT_KQUEUE)
#include "kqueue_poller.hpp"
#endif

namespace weft::net::detail {

namespace {

using made = std::unique_ptr<weft::detail::poller>;

template <class Poller>
made make() {
  return std::make_unique<Poller>();
}

struct choice {
  std::string_view name;
  made (*make)();
};

constexpr choice k_choices[] = {
#if defined(WEFT_EPOLL)
    {"epoll", &make<epoll_poller>},
#endif
#if defined(WEFT_KQUEUE)
    {"kqueue", &make<kqueue_poller>},
#endif
};

[[noreturn]] void refuse(std::string_view name) {
  std::string message = "weft: WEFT_POLLER='" + std::string(name) + "': this build has";
  for (const choice& each : k_choices) message.append(&each == k_choices ? " " : " and ").append(each.name);
  throw std::invalid_argument(message + "; leave it out, or build with -Dpoller");
}

}  // namespace

made make_chosen_poller() {
  const char* const variable = std::getenv("WEFT_POLLER");
  const std::string_view name = variable != nullptr ? variable : "";
  if (name.empty()) return k_choices[0].make();
  for (const choice& each : k_choices)
    if (each.name == name) return each.make();
  refuse(name);
}

}  // namespace weft::net::detail
