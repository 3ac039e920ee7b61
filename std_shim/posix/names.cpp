// Room: posix. Lookups, on helper threads. One that nobody waits for any more goes on by itself, so it owns what it
// uses.

#include <weft/posix.hpp>

#include <cctype>
#include <cerrno>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/abandonable_call.hpp>

#include "off_worker.hpp"
#include "patience.hpp"
#include "real.hpp"

namespace weft::posix {

namespace {

struct kept_text {
  explicit kept_text(const char* from) : is_there(from != nullptr), text(from != nullptr ? from : "") {}
  [[nodiscard]] const char* get() const noexcept { return is_there ? text.c_str() : nullptr; }
  bool is_there;
  std::string text;
};

class lookup : public weft::detail::abandonable_call {
 public:
  lookup(const char* node, const char* service, const addrinfo* hints)
      : node_(node), service_(service), has_hints_(hints != nullptr) {
    if (hints != nullptr) hints_ = *hints;
  }
  ~lookup() override {
    if (found_ != nullptr) ::freeaddrinfo(found_);
  }
  void run() noexcept override {
    result_ = real().getaddrinfo(node_.get(), service_.get(), has_hints_ ? &hints_ : nullptr, &found_);
    error_ = last_error();
  }
  int hand_over(addrinfo** found) noexcept {
    if (result_ == 0) *found = std::exchange(found_, nullptr);
    if (result_ == EAI_SYSTEM) set_error(error_);
    return result_;
  }

 private:
  kept_text node_;
  kept_text service_;
  bool has_hints_;
  addrinfo hints_{};
  addrinfo* found_ = nullptr;
  int result_ = 0;
  int error_ = 0;
};

template <class Call>
hostent* look_up_host(Call call) noexcept {
  if (!enter()) return call();
  int told = NETDB_INTERNAL;  // if it does not begin: errno says why
  hostent* const found = off_worker([&] {
    hostent* const here = call();
    told = h_errno;
    return here;
  });
  if (found == nullptr) set_host_error(told);
  return found;
}

// These return their error.
template <class Call>
int fill_in_host(hostent** found, int* error, Call call) noexcept {
  if (!enter()) return call();
  bool has_begun = false;
  const int result = off_worker([&] { return has_begun = true, call(); });
  if (has_begun) return result;
  *found = nullptr;
  *error = NETDB_INTERNAL;
  return last_error();
}

// --- What is written in numbers is looked up nowhere: libc answers at once, on the caller's own thread.

bool is_address(const char* node) noexcept {
  in6_addr ignored;
  return ::inet_pton(AF_INET, node, &ignored) == 1 || ::inet_pton(AF_INET6, node, &ignored) == 1;
}

bool is_port(const char* service) noexcept {
  const std::string_view text = service;
  for (const char each : text)
    if (std::isdigit(static_cast<unsigned char>(each)) == 0) return false;
  return !text.empty();
}

bool is_of_numbers(const char* node, const char* service, const addrinfo* hints) noexcept {
  const int flags = hints != nullptr ? hints->ai_flags : 0;
  return (node == nullptr || (flags & AI_NUMERICHOST) != 0 || is_address(node)) &&
         (service == nullptr || (flags & AI_NUMERICSERV) != 0 || is_port(service));
}

bool asks_for_numbers(socklen_t host_size, socklen_t service_size, int flags) noexcept {
  return (host_size == 0 || (flags & NI_NUMERICHOST) != 0) && (service_size == 0 || (flags & NI_NUMERICSERV) != 0);
}

int refuse_lookup(int error) noexcept {
  set_error(error);
  return EAI_SYSTEM;
}

}  // namespace

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) noexcept {
  if (!enter() || weft::detail::clock_is_virtual() || is_of_numbers(node, service, hints))
    return real().getaddrinfo(node, service, hints, found);
  if (!enter() || !can_park()) return real().getaddrinfo(node, service, hints, found);
  if (weft::detail::is_full_of_abandoned_calls()) return EAI_AGAIN;
  try {
    auto over = weft::detail::run_abandonable(std::make_unique<lookup>(node, service, hints), deadline::never(),
                                              "posix getaddrinfo");
    return static_cast<lookup&>(*over).hand_over(found);
  } catch (const std::bad_alloc&) {
    return EAI_MEMORY;
  } catch (const std::exception&) {  // no thread to run it on, or a time limit
    return EAI_AGAIN;
  } catch (const weft::cancelled&) {
    return refuse_lookup(ECANCELED);
  }
}

int getnameinfo(const sockaddr* of, socklen_t of_size, char* host, socklen_t host_size, char* service,
                socklen_t service_size, int flags) noexcept {
  const auto call = [&] { return real().getnameinfo(of, of_size, host, host_size, service, service_size, flags); };
  if (!enter() || asks_for_numbers(host_size, service_size, flags)) return call();
  bool has_begun = false;
  const int result = off_worker([&] { return has_begun = true, call(); });
  return has_begun ? result : EAI_SYSTEM;
}

// h_errno belongs to the thread, as errno does.
hostent* gethostbyname(const char* name) noexcept {
  return look_up_host([&] { return real().gethostbyname(name); });
}

hostent* gethostbyname2(const char* name, int family) noexcept {
  return look_up_host([&] { return real().gethostbyname2(name, family); });
}

hostent* gethostbyaddr(const void* address, socklen_t size, int family) noexcept {
  return look_up_host([&] { return real().gethostbyaddr(address, size, family); });
}

int gethostbyname_r(const char* name, hostent* answer, char* buffer, std::size_t size, hostent** found,
                    int* error) noexcept {
  return fill_in_host(found, error, [&] { return real().gethostbyname_r(name, answer, buffer, size, found, error); });
}

int gethostbyname2_r(const char* name, int family, hostent* answer, char* buffer, std::size_t size, hostent** found,
                     int* error) noexcept {
  return fill_in_host(found, error,
                      [&] { return real().gethostbyname2_r(name, family, answer, buffer, size, found, error); });
}

int gethostbyaddr_r(const void* address, socklen_t address_size, int family, hostent* answer, char* buffer,
                    std::size_t size, hostent** found, int* error) noexcept {
  return fill_in_host(found, error, [&] {
    return real().gethostbyaddr_r(address, address_size, family, answer, buffer, size, found, error);
  });
}

}  // namespace weft::posix
