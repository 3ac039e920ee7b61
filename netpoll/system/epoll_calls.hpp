#pragma once
// Room: netpoll. epoll. See syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include <sys/epoll.h>

#include <weft/runtime/deadline.hpp>

#include "syscalls.hpp"

namespace weft::net::detail {

[[nodiscard]] opened open_epoll() noexcept;
[[nodiscard]] std::error_code watch(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept;
// Of one that is watched: what is ready now is told as an event, whatever was told before.
// std::errc::no_such_file_or_directory: this number is not watched, or is another's by now.
[[nodiscard]] std::error_code watch_again(int epoll, int fd, std::uint32_t events, std::uint64_t key) noexcept;
void remove_from_epoll(int epoll, int fd) noexcept;

// Blocks until there are events, or `until` has passed. Returns how many; fewer than there are, or none at all, is no
// error. Ends the process if the kernel will never answer: the descriptor is not the poller's any more.
[[nodiscard]] std::size_t wait_for_events(int epoll, std::span<epoll_event> events, deadline until) noexcept;

}  // namespace weft::net::detail
