#pragma once
// Room: netpoll. The poller of one runtime, on epoll. It owns the epoll descriptor and turns its events into
// occurrences; what they mean stands in descriptor_poller.hpp. Closing a descriptor is what takes it out.

#include <array>

#include <sys/epoll.h>

#include "descriptor_poller.hpp"

namespace weft::net::detail {

class epoll_poller final : public descriptor_poller {
 public:
  // Throws std::system_error.
  epoll_poller();
  ~epoll_poller() override;

  void poll(deadline until, weft::detail::ready_batch& ready) noexcept override;
  void wake() noexcept override;
  [[nodiscard]] int registry() const noexcept override { return epoll_; }

 private:
  static constexpr std::size_t k_most_events = 128;

  [[nodiscard]] std::error_code watch(int fd, std::uint64_t key, bool& is_broken) noexcept override;

  int epoll_ = -1;
  int wake_event_ = -1;
  // Whoever is inside poll.
  std::array<epoll_event, k_most_events> events_;
};

}  // namespace weft::net::detail
