// Room: std_shim. See signals.hpp. The channel's core and the signal source live in one object, which the handles own;
// the fiber that feeds the channel holds it weakly, so the last handle that goes closes the source, and that ends the
// fiber.

#include <weft/std_shim/signals.hpp>

#include <memory>
#include <system_error>
#include <utility>

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

// False once nobody will receive. There is room for one signal of each kind, so it is refused only for lack of room
// that a user has filled.
bool pass_on(int signal, const std::weak_ptr<detail::channel_core>& to) {
  const std::shared_ptr<detail::channel_core> core = to.lock();
  if (core == nullptr) return false;
  if (core->holds(&signal)) return true;
  return core->try_run(detail::direction::send, &signal) != channel_status::closed;
}

void forward(net::signal_source& source, const std::weak_ptr<detail::channel_core>& to) {
  try {
    while (pass_on(source.wait(), to)) continue;
  } catch (const std::system_error&) {
    // The last handle has closed the source.
  }
}

}  // namespace

channel<int> signals(std::initializer_list<int> wanted) {
  auto source = std::make_shared<net::signal_source>(wanted);
  const auto fed = std::make_shared<feed>(wanted, source);
  std::shared_ptr<detail::channel_core> core(fed, &fed->core);
  go({.name = "signals"}, [source = std::move(source), to = std::weak_ptr(core)] { forward(*source, to); });
  return detail::channel_access::make<int>(std::move(core));
}

}  // namespace weft
