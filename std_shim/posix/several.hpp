#pragma once
// Room: posix. The wait of a call that names several descriptors.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include <weft/netpoll/detail/foreign_wait.hpp>
#include <weft/runtime/deadline.hpp>

#include "patience.hpp"

namespace weft::posix {

class several {
 public:
  explicit several(std::size_t most) noexcept {
    if (most > k_few) many_.reset(new (std::nothrow) weft::net::detail::foreign_place[most]);
    has_room_ = most <= k_few || many_ != nullptr;
  }

  // A negative number is left out, as poll does.
  void add(int fd, std::uint32_t events) noexcept {
    if (fd < 0 || !has_room_) return;
    weft::net::detail::foreign_place& place = all()[count_++];
    place.fd = fd;
    place.events = events;
  }

  // Looks and waits in turn until a look finds something (or fails), whose result is returned; 0 when the time is over.
  template <class Look>
  int until_found(deadline until, weft::detail::wait_label label, Look look) noexcept {
    if (!has_room_) return fail(ENOMEM);
    for (std::uint32_t looks = 1;; ++looks) {
      const int error = wait(until, looks, label);
      if (error == ECANCELED) return fail(error);
      const int found = look();
      if (found != 0 || error == ETIMEDOUT) return found;
    }
  }

 private:
  static constexpr std::size_t k_few = 16;

  [[nodiscard]] weft::net::detail::foreign_place* all() noexcept { return many_ != nullptr ? many_.get() : few_; }
  // 0: look again. Else ECANCELED, or ETIMEDOUT.
  [[nodiscard]] int wait(deadline until, std::uint32_t looks, weft::detail::wait_label label) noexcept;

  weft::net::detail::foreign_place few_[k_few];
  std::unique_ptr<weft::net::detail::foreign_place[]> many_;
  std::size_t count_ = 0;
  bool has_room_ = false;
};

}  // namespace weft::posix
