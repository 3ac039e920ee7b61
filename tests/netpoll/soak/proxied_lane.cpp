// Room: tests of netpoll. See tls_lanes.hpp. The example itself is between the two ends: what it does for a connection
// is called here, and nothing of it is written anew. Its main() has another name.

#define main proxy_main
#include "proxy.cpp"
#undef main

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <streambuf>
#include <string>
#include <utility>

#include <unistd.h>

#include <weft/netpoll/tcp.hpp>
#include <weft/netpoll/unix_listener.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "soak/accept_peer.hpp"
#include "soak/tls_end.hpp"
#include "soak/tls_lanes.hpp"
#include "tls_support.hpp"

namespace weft::testing {

namespace {

// The example says on std::cerr that a connection has failed, in the fiber that served it. Any thread.
class heard_failures final : public std::streambuf {
 public:
  // Of the calling fiber; forgets it.
  [[nodiscard]] bool take() {
    const std::scoped_lock held(mutex_);
    return fibers_.erase(this_fiber::get_id()) != 0;
  }

 protected:
  int_type overflow(int_type c) override { return note(), traits_type::not_eof(c); }
  std::streamsize xsputn(const char*, std::streamsize n) override { return note(), n; }

 private:
  void note() {
    const std::scoped_lock held(mutex_);
    fibers_.insert(this_fiber::get_id());
  }

  std::mutex mutex_;
  std::set<fiber_id> fibers_;  // guarded by mutex_
};

heard_failures& failures_of_the_proxy() {
  static heard_failures& the_one = *[] {
    auto* const made = new heard_failures;
    std::cerr.rdbuf(made);
    return made;
  }();
  return the_one;
}

// Where one connection inside arrives, and no other.
std::string address_inside() {
  static std::atomic<unsigned> number{0};
  return "@weft-soak-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// True: it has failed.
join_handle<bool> begin_serving(net::tcp_stream outside, std::string address,
                                std::shared_ptr<net::unix_listener> inside) {
  return spawn([outside = std::move(outside), address = std::move(address), inside = std::move(inside)]() mutable {
    heard_failures& failures = failures_of_the_proxy();
    serve(std::move(outside), default_server_context(), address);
    inside->close();  // if it has not come so far, nobody need wait there
    return failures.take();
  });
}

}  // namespace

soak_lane begin_proxied_lane() {
  auto listener = std::make_shared<net::tcp_listener>(net::listen("127.0.0.1:0"));
  return [listener, to = listener->local_address()]() -> soaked_pair {
    const std::string address = address_inside();
    const auto inside = std::make_shared<net::unix_listener>(net::listen_unix(address));
    const auto far = std::make_shared<tls_end>(net::dial(to));
    auto proxy =
        std::make_shared<join_handle<bool>>(begin_serving(accept_peer_of(*listener, far->tcp), address, inside));
    far->shake_hands();
    net::any_stream near = inside->accept();
    inside->close();
    return {pair_of(std::move(near), far), [proxy] { return proxy->join(); }};
  };
}

}  // namespace weft::testing
