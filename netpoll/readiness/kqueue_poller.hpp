#pragma once
// Room: netpoll. The poller of one runtime, on kqueue. It owns the kqueue and turns its events into occurrences; what
// they mean stands in descriptor_poller.hpp. Closing a descriptor is what takes it out.
//
// Reading and writing are two registrations, and two events where epoll has one: each wakes its own direction. The end
// of a stream, or an error, wakes both: some systems tell it to the reader alone, and it comes while there are bytes to
// read. So it is no state but a reason to try.

#include <array>

#include <sys/event.h>

#include "descriptor_poller.hpp"
#include "kqueue_emulation.hpp"

namespace weft::net::detail {

class kqueue_poller final : public descriptor_poller {
 public:
  // Throws std::system_error.
  kqueue_poller();
  ~kqueue_poller() override;

  void poll(deadline until, weft::detail::ready_batch& ready) noexcept override;
  void wake() noexcept override;

 private:
  static constexpr std::size_t k_most_events = 128;

  [[nodiscard]] std::error_code watch(int fd, std::uint64_t key, bool& is_broken) noexcept override;

  int kqueue_ = -1;
  // Whoever is inside poll.
  std::array<struct kevent, k_most_events * k_events_per_descriptor> events_;
};

}  // namespace weft::net::detail
