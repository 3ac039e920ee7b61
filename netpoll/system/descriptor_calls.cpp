// Room: netpoll. See descriptor_calls.hpp.

#include "descriptor_calls.hpp"

#include <climits>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calling.hpp"
#include "no_wait_calls.hpp"
#include "quiet_pipe.hpp"

namespace weft::net::detail {

namespace {

// What poll promises room for: of a pipe so much in one piece, of a terminal less.
constexpr std::size_t k_room_of_pipe = PIPE_BUF;
constexpr std::size_t k_room_of_others = 256;

// no faults: it chooses between two sizes, and has one to fall back on.
std::size_t room_seen_by_look(int fd) noexcept {
  struct stat what {};
  return ::fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode) ? k_room_of_pipe : k_room_of_others;
}

transferred would_block() noexcept { return {0, false, true, {}}; }

bool is_worth_it(int fd, short events) noexcept {
  pollfd look = {fd, events, 0};
  return repeat([&] { return ::poll(&look, 1, 0); }) > 0;
}

bool knows_no_flag(const transferred& t) noexcept {
  return t.error == std::errc::operation_not_supported || t.error == std::errc::invalid_argument;
}

transferred receive_now(int fd, io_vector<std::byte>& vector) noexcept {
  return transfer(fd, vector.bytes, ECONNRESET, [&](std::size_t n) {
    vector.limit(n);
    msghdr message = vector.message();
    return ::recvmsg(fd, &message, MSG_DONTWAIT);
  });
}

transferred send_now(int fd, io_vector<const std::byte>& vector) noexcept {
  return transfer(fd, vector.bytes, EPIPE, [&](std::size_t n) {
    vector.limit(n);
    const msghdr message = vector.message();
    return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

transferred read_by_flag(int fd, io_vector<std::byte> vector) noexcept {
  return transfer(fd, vector.bytes, EIO, [&](std::size_t n) {
    vector.limit(n);
    return read_without_waiting(fd, vector.parts, static_cast<int>(vector.count), -1);
  });
}

transferred write_by_flag(int fd, io_vector<const std::byte> vector) noexcept {
  return transfer(fd, vector.bytes, EPIPE, [&](std::size_t n) {
    vector.limit(n);
    return write_without_waiting(fd, vector.parts, static_cast<int>(vector.count));
  });
}

transferred read_after_look(int fd, io_vector<std::byte>& vector) noexcept {
  if (!is_worth_it(fd, POLLIN)) return would_block();
  return transfer(fd, vector.bytes, EIO, [&](std::size_t n) {
    vector.limit(n);
    return ::readv(fd, vector.parts, static_cast<int>(vector.count));
  });
}

transferred write_after_look(int fd, io_vector<const std::byte>& vector) noexcept {
  if (!is_worth_it(fd, POLLOUT)) return would_block();
  return transfer(fd, std::min(vector.bytes, room_seen_by_look(fd)), EPIPE, [&](std::size_t n) {
    vector.limit(n);
    const quiet_pipe quiet;
    return ::writev(fd, vector.parts, static_cast<int>(vector.count));
  });
}

}  // namespace

descriptor_kind kind_of(int fd, std::error_code& ec) noexcept {
  struct stat what {};
  ec = outcome([&] { return ::fstat(fd, &what); });
  if (S_ISSOCK(what.st_mode)) return descriptor_kind::socket;
  const bool is_storage = S_ISREG(what.st_mode) || S_ISDIR(what.st_mode) || S_ISBLK(what.st_mode);
  return is_storage ? descriptor_kind::storage : descriptor_kind::waiting;
}

opened duplicate(int fd) noexcept {
  return open_with([fd] { return ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); });
}

// no faults: it fails for no descriptor alone.
bool is_for_writing_alone(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_WRONLY;
}

transferred read_now(int fd, std::span<const std::span<std::byte>> buffers, try_by& how) noexcept {
  io_vector<std::byte> vector(buffers);
  if (how == try_by::message) return receive_now(fd, vector);
  if (how == try_by::flag) {
    const transferred got = read_by_flag(fd, vector);
    if (!knows_no_flag(got)) return got;
    how = try_by::look;
  }
  return read_after_look(fd, vector);
}

transferred write_now(int fd, std::span<const std::span<const std::byte>> buffers, try_by& how) noexcept {
  io_vector<const std::byte> vector(buffers);
  if (how == try_by::message) return send_now(fd, vector);
  if (how == try_by::flag) {
    const transferred put = write_by_flag(fd, vector);
    if (!knows_no_flag(put)) return put;
    how = try_by::look;
  }
  return write_after_look(fd, vector);
}

// no faults: who is told of nothing looks at all.
void wait_for_readable(std::span<int> descriptors) {
  std::vector<pollfd> looks;
  looks.reserve(descriptors.size());
  for (const int fd : descriptors) looks.push_back({fd, POLLIN, 0});
  const int found =
      ::poll(looks.data(), static_cast<nfds_t>(looks.size()), -1);  // none, if a signal came: all look anew
  for (std::size_t i = 0; i < looks.size(); ++i)
    if (found <= 0 || looks[i].revents == 0) descriptors[i] = -1;
}

std::error_code end_writing_of(int fd) noexcept {
  return outcome([fd] { return ::shutdown(fd, SHUT_WR); });
}

}  // namespace weft::net::detail
