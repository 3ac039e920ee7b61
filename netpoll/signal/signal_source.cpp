// Room: netpoll. See signal_source.hpp. A source is an event descriptor like any other, that the handler raises.

#include <weft/netpoll/signal_source.hpp>

#include <atomic>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/poller.hpp>

#include "direction_use.hpp"
#include "signal_slot.hpp"
#include "syscalls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

struct signal_source::state {
  detail::descriptor event;
  detail::opened_event ends;
  std::atomic<detail::signal_slot*> slot{nullptr};  // null once closed

  ~state() {
    close();
    detail::close_raised_end(ends);
  }

  void close() noexcept {
    // acq_rel: one closer gets it, and sees it activated; pairs with the constructor of signal_source.
    if (auto* const mine = slot.exchange(nullptr, std::memory_order_acq_rel)) {
      detail::deactivate(*mine);  // before the event goes: the handler raises it
      event.close();
    }
  }

  [[nodiscard]] int take() noexcept {
    // acquire: pairs with the constructor of signal_source.
    auto* const mine = slot.load(std::memory_order_acquire);
    return mine != nullptr ? detail::take_pending(*mine) : 0;
  }
};

signal_source::signal_source(std::initializer_list<int> signals)
    : signal_source(std::span(signals.begin(), signals.size())) {}

signal_source::signal_source(std::span<const int> signals) : state_(new state) {
  weft::detail::require_poller("net::signal_source");
  const detail::opened_event ends = state_->ends = detail::open_event();
  detail::unique_fd fd(ends.waited);
  std::error_code ec = ends.error;
  if (!ec) state_->event = detail::watch_descriptor(fd, false, ec);
  if (!ec) {
    detail::signal_slot* const slot = detail::activate(signals, ends.raised, ec);
    state_->slot.store(slot, std::memory_order_release);  // release: pairs with close and take
  }
  if (ec) detail::throw_error(ec, "signal_source");
}

signal_source::signal_source(signal_source&&) noexcept = default;
signal_source& signal_source::operator=(signal_source&&) noexcept = default;
signal_source::~signal_source() = default;

int signal_source::wait() {
  std::error_code ec;
  const int signal = wait(ec);
  if (ec) detail::throw_error(ec, "signal_source::wait");
  return signal;
}

int signal_source::wait(std::error_code& ec) {
  ec = std::make_error_code(std::errc::bad_file_descriptor);
  if (state_ == nullptr) return 0;
  detail::direction_use use(state_->event, detail::direction::read, "signal_source::wait", "signal");
  ec = use.error();
  while (!ec) {
    if ((ec = use.await_ready())) break;
    detail::drain_event(use.fd());
    // What is pending stays so, and the event ready, until it is found empty: an event between the two is not lost.
    if (const int signal = state_->take()) return signal;
    use.note_would_block();
  }
  return 0;
}

int signal_source::try_wait() noexcept { return state_ != nullptr ? state_->take() : 0; }

void signal_source::close() noexcept {
  if (state_ != nullptr) state_->close();
}

}  // namespace weft::net
