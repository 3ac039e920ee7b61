// Room: netpoll. See send_file_calls.hpp.

#include "send_file_calls.hpp"

#include <cerrno>

#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calling.hpp"
#include "file_calls.hpp"
#include "quiet_pipe.hpp"

namespace weft::net::detail {

namespace {

// cachestat(2), which libc does not know yet.
constexpr long k_cachestat = 451;
struct asked_range {
  std::uint64_t offset, length;
};
struct told_pages {
  std::uint64_t cached, dirty, in_writeback, evicted, evicted_lately;
};

std::uint64_t pages_of(std::uint64_t position, std::uint64_t size) noexcept {
  const auto page = static_cast<std::uint64_t>(::getpagesize());  // no faults: of this process, and cannot fail
  return (position + size + page - 1) / page - position / page;
}

}  // namespace

bool is_in_page_cache(int file, std::int64_t position, std::size_t size) noexcept {
  const auto first = static_cast<std::uint64_t>(position);
  asked_range range{first, size};
  told_pages pages{};
  if (outcome([&] { return ::syscall(k_cachestat, file, &range, &pages, 0); })) return false;
  if (pages.cached >= pages_of(first, size)) return true;
  std::error_code ec;
  const std::uint64_t end = status_of(file, ec).size;  // then it may end before
  return !ec && end < first + size && pages.cached >= pages_of(first, end > first ? end - first : 0);
}

transferred send_file(int socket, int file, std::int64_t position, std::size_t most) noexcept {
  transferred put = transfer(socket, most, EPIPE, [&](std::size_t n) {
    const quiet_pipe quiet;
    off_t from = position;
    return ::sendfile(socket, file, &from, n);
  });
  put.drained = false;
  return put;
}

bool is_unsendable(const std::error_code& ec) noexcept {
  return ec == std::errc::invalid_argument || ec == std::errc::function_not_supported ||
         ec == std::errc::operation_not_supported;
}

}  // namespace weft::net::detail
