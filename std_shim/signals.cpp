// Room: std_shim. See signals.hpp. The fiber that feeds the channel, and the channel's handles, share the core and the
// signal source; the handles share one more thing, whose end closes the source, and that ends the fiber.

#include <weft/std_shim/signals.hpp>

#include <memory>
#include <system_error>
#include <utility>

#include <weft/netpoll/signal_source.hpp>
#include <weft/runtime/poller.hpp>
#include <weft/runtime/spawn.hpp>

namespace weft {

namespace {

struct feed {
  explicit feed(std::initializer_list<int> wanted)
      : core(detail::element_ops_of<detail::element<int>>::value, wanted.size()), source(wanted) {}

  detail::channel_core core;
  net::signal_source source;
};

// What the handles own: it goes with the last of them.
class last_handle {
 public:
  explicit last_handle(std::shared_ptr<feed> fed) noexcept : fed_(std::move(fed)) {}
  ~last_handle() { fed_->source.close(); }
  last_handle(const last_handle&) = delete;
  last_handle& operator=(const last_handle&) = delete;

 private:
  std::shared_ptr<feed> fed_;
};

// There is room for one signal of each kind, so one is refused only for lack of room that a user has filled.
void pass_on(int signal, detail::channel_core& to) noexcept {
  if (!to.holds(&signal)) to.try_run(detail::direction::send, &signal);
}

// Until the last handle has closed the source. An error is no exception here, which might find no memory.
void forward(feed& fed) {
  std::error_code closed;
  for (;;) {
    const int signal = fed.source.wait(closed);
    if (closed) return;
    pass_on(signal, fed.core);
  }
}

}  // namespace

channel<int> signals(std::initializer_list<int> wanted) {
  detail::require_poller("signals");
  const auto fed = std::make_shared<feed>(wanted);
  auto last = std::make_shared<last_handle>(fed);
  go({.name = "signals"}, [fed] { forward(*fed); });
  return detail::channel_access::make<int>(std::shared_ptr<detail::channel_core>(std::move(last), &fed->core));
}

}  // namespace weft
