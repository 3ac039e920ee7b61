#pragma once
// Room: netpoll. Files on a disk. All of these may block their thread, but for read_cached: for weft::blocking. See
// syscalls.hpp for what all wrappers keep to.

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "syscalls.hpp"

namespace weft::net::detail {

// `flags` and `permissions` are open's; closed by exec.
[[nodiscard]] opened open_file(const char* path, int flags, unsigned permissions) noexcept;

// For a position below 0 that of the description, which moves. At the end of the file: 0.
inline constexpr std::int64_t k_in_sequence = -1;

// What the page cache has of it, without blocking; would_block: the rest must be fetched, or this file system cannot
// tell.
[[nodiscard]] transferred read_cached(int fd, std::span<std::byte> buffer, std::int64_t position) noexcept;
[[nodiscard]] transferred read_file(int fd, std::span<std::byte> buffer, std::int64_t position) noexcept;
[[nodiscard]] transferred write_file(int fd, std::span<const std::byte> data, std::int64_t position) noexcept;

[[nodiscard]] std::error_code move_position(int fd, std::int64_t position) noexcept;
[[nodiscard]] std::int64_t position_of(int fd, std::error_code& ec) noexcept;
[[nodiscard]] std::error_code sync_file(int fd, bool only_data) noexcept;
[[nodiscard]] std::error_code truncate_file(int fd, std::int64_t size) noexcept;

struct asked_status {
  std::uint64_t size = 0;
  std::uint32_t mode = 0;
  std::int64_t modified_seconds = 0;
  std::int64_t modified_nanoseconds = 0;
};
[[nodiscard]] asked_status status_of(int fd, std::error_code& ec) noexcept;

}  // namespace weft::net::detail
