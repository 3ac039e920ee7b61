// Room: std_shim. See signals.hpp. The channel's core and the signal source live in one object, which the handles own; the
// fiber that feeds the channel holds it weakly, so the last handle that goes closes the source, and that ends the fiber.

#include <weft/std_shim/signals.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <system_error>

#include <weft/netpoll/signal_source.hpp>
#include <weft/runtime/spawn.hpp>

namespace weft {

namespace {

struct feed {
  feed(std::initializer_list<int> wanted, std::shared_ptr<net::signal_source> from)
      : core(detail::element_ops_of<detail::element<int>>::value, wanted.size()), source(std::move(from)) {}
  ~feed() { source->close(); }

  detail::channel_core core;
  std::shared_ptr<net::signal_source> source;
};

// False once nobody will receive.
bool pass_on(int signal, const std::weak_ptr<detail::channel_core>& to, std::deque<int>& sent) {
  std::shared_ptr<detail::channel_core> core = to.lock();
  if (core == nullptr) return false;
  const auto channel = detail::channel_access::make<int>(std::move(core));
  // Nobody else sends: what is in the channel are the last ones sent. It has room for one of each kind.
  while (sent.size() > channel.size()) sent.pop_front();
  if (std::find(sent.begin(), sent.end(), signal) != sent.end()) return true;
  sent.push_back(signal);
  return channel.try_send(signal) == channel_status::ok;
}

void forward(const std::shared_ptr<net::signal_source>& source, const std::weak_ptr<detail::channel_core>& to) {
  std::deque<int> sent;
  try {
    while (pass_on(source->wait(), to, sent)) continue;
  } catch (const std::system_error&) {
    // The last handle has closed the source.
  }
}

}  // namespace

channel<int> signals(std::initializer_list<int> wanted) {
  auto source = std::make_shared<net::signal_source>(wanted);
  const auto fed = std::make_shared<feed>(wanted, source);
  std::shared_ptr<detail::channel_core> core(fed, &fed->core);
  go({.name = "signals"}, [source = std::move(source), to = std::weak_ptr(core)] { forward(source, to); });
  return detail::channel_access::make<int>(std::move(core));
}

}  // namespace weft
