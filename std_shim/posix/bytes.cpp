// Room: posix. read and write, of one buffer and of several.

#include <weft/posix.hpp>

#include <cerrno>

#include "in_place.hpp"
#include "moving.hpp"
#include "no_wait_call.hpp"
#include "off_worker.hpp"
#include "parts.hpp"
#include "real.hpp"
#include "trying.hpp"

namespace weft::posix {

namespace {

// The rest of a transfer with a disk, on a helper thread. `done` was moved before, which is told if nothing more is.
template <class Call>
ssize_t finish_on_helper(std::size_t done, Call call) noexcept {
  const ssize_t n = off_worker([&] { return call(done); });
  return n >= 0 ? static_cast<ssize_t>(done) + n : moved_or(done, last_error());
}

// A number that is waited for, and has been given to a file by code that tells nobody: an attempt would say for ever
// that it has to be done on a helper thread.
bool became_a_file(int fd, side s) noexcept {
  if (last_error() != EAGAIN) return false;
  const bool is_file = is_on_disk(way_of(fd, s));
  if (!is_file) set_error(EAGAIN);
  return is_file;
}

struct read_attempt {
  int fd;
  const iovec* parts;
  int count;

  [[nodiscard]] static const char* label() noexcept { return "posix read"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().readv(fd, parts, count); }
  ssize_t operator()(std::size_t) const noexcept {
    const ssize_t n = try_in(fd, parts, count, -1);
    return n < 0 && became_a_file(fd, side::in) ? off_worker([&] { return real().readv(fd, parts, count); }) : n;
  }
};

struct write_attempt {
  int fd;
  const iovec* parts;
  int count;

  [[nodiscard]] static const char* label() noexcept { return "posix write"; }
  [[nodiscard]] ssize_t block() const noexcept { return real().writev(fd, parts, count); }
  ssize_t operator()(std::size_t done) const noexcept {
    if (done == 0) return write(parts, count);
    const rest_of_parts rest(parts, static_cast<std::size_t>(count), done);
    return write(rest.parts, static_cast<int>(rest.count));
  }
  ssize_t write(const iovec* those, int how_many) const noexcept {
    const ssize_t n = try_out(fd, those, how_many, -1);
    return n < 0 && became_a_file(fd, side::out) ? off_worker([&] { return real().writev(fd, those, how_many); }) : n;
  }
};

ssize_t read_by_waiting(int fd, const iovec* parts, int count, std::size_t total) noexcept {
  return take_in(fd, total, false, true, limit::receive, read_attempt{fd, parts, count});
}

ssize_t write_by_waiting(int fd, const iovec* parts, int count, std::size_t total) noexcept {
  return put_out(fd, total, true, limit::send, write_attempt{fd, parts, count});
}

// `n`: what the first try took in.
ssize_t read_from_disk(ssize_t n, int fd, const iovec* parts, int count, std::size_t total) noexcept {
  if (n == 0 || (n > 0 && static_cast<std::size_t>(n) >= total)) return n;
  if (n < 0 && last_error() != EAGAIN) return n;
  if (!is_storage_yet(fd)) return n > 0 ? n : read_by_waiting(fd, parts, count, total);
  return finish_on_helper(n > 0 ? static_cast<std::size_t>(n) : 0, [&](std::size_t done) {
    const rest_of_parts rest(parts, static_cast<std::size_t>(count), done);
    return done == 0 ? real().readv(fd, parts, count) : real().readv(fd, rest.parts, static_cast<int>(rest.count));
  });
}

ssize_t write_to_disk(int fd, const iovec* parts, int count, std::size_t total) noexcept {
  ssize_t n = try_out(fd, parts, count, -1);
  if (n >= 0 && static_cast<std::size_t>(n) >= total) return n;
  if (n < 0 && last_error() != EAGAIN) return n;
  if (n < 0 && write_next_in_place(fd, total, n, [&] { return real().writev(fd, parts, count); })) return n;
  const std::size_t begun = n > 0 ? static_cast<std::size_t>(n) : 0;
  if (!is_storage_yet(fd)) {
    const rest_of_parts rest(parts, static_cast<std::size_t>(count), begun);
    const ssize_t more = begun == 0 ? write_by_waiting(fd, parts, count, total)
                                    : write_by_waiting(fd, rest.parts, static_cast<int>(rest.count), total - begun);
    return begun == 0 ? more : n + (more > 0 ? more : 0);
  }
  return finish_on_helper(begun, [&](std::size_t done) {
    const rest_of_parts rest(parts, static_cast<std::size_t>(count), done);
    return done == 0 ? real().writev(fd, parts, count) : real().writev(fd, rest.parts, static_cast<int>(rest.count));
  });
}

ssize_t read_parts(int fd, const iovec* parts, int count, std::size_t total) noexcept {
  if (is_on_disk(way_of(fd, side::in))) return read_from_disk(try_in(fd, parts, count, -1), fd, parts, count, total);
  return read_by_waiting(fd, parts, count, total);
}

ssize_t write_parts(int fd, const iovec* parts, int count, std::size_t total) noexcept {
  if (is_on_disk(way_of(fd, side::out))) return write_to_disk(fd, parts, count, total);
  return write_by_waiting(fd, parts, count, total);
}

// What was tried by that way says that it is to be tried by another one.
bool is_another_way(way by) noexcept { return by == way::message ? last_error() == ENOTSOCK : is_flag_unknown(); }

// What is left to do after a first try of one buffer that was not all. Apart, so that the way of all others is short.
[[gnu::noinline]] ssize_t read_on(ssize_t n, way by, int fd, const iovec& part) noexcept {
  if (n < 0 && is_another_way(by)) return read_parts(fd, &part, 1, part.iov_len);
  if (by == way::storage) return read_from_disk(n, fd, &part, 1, part.iov_len);
  return take_in_after(n, fd, part.iov_len, false, true, limit::receive, read_attempt{fd, &part, 1});
}

[[gnu::noinline]] ssize_t write_on(ssize_t n, way by, int fd, const iovec& part) noexcept {
  if (n < 0 && is_another_way(by)) return write_parts(fd, &part, 1, part.iov_len);
  return put_out_after(n, fd, part.iov_len, true, limit::send, write_attempt{fd, &part, 1});
}

struct reads_at {
  static constexpr side k_side = side::in;
  static ssize_t attempt(int fd, const iovec* parts, int count, off_t offset) noexcept {
    return try_in(fd, parts, count, offset);
  }
  static ssize_t block(int fd, const iovec* parts, int count, off_t offset) noexcept {
    return real().preadv(fd, parts, count, offset);
  }
  static bool is_done_in_place(ssize_t&, int, const iovec*, int, std::size_t, off_t) noexcept { return false; }
};

struct writes_at {
  static constexpr side k_side = side::out;
  static ssize_t attempt(int fd, const iovec* parts, int count, off_t offset) noexcept {
    return try_out(fd, parts, count, offset);
  }
  static ssize_t block(int fd, const iovec* parts, int count, off_t offset) noexcept {
    return real().pwritev(fd, parts, count, offset);
  }
  static bool is_done_in_place(ssize_t& n, int fd, const iovec* parts, int count, std::size_t total,
                               off_t offset) noexcept {
    return write_in_place(fd, total, n, [&] { return block(fd, parts, count, offset); });
  }
};

// Of a place in a file, of which a first try moved `n`; on a helper thread what is not at hand.
template <class Moves>
ssize_t move_at_after(ssize_t n, int fd, const iovec* parts, int count, std::size_t total, off_t offset) noexcept {
  const bool is_over = n >= 0 ? n == 0 || static_cast<std::size_t>(n) >= total : last_error() != EAGAIN;
  if (is_over || (n < 0 && Moves::is_done_in_place(n, fd, parts, count, total, offset))) return n;
  return finish_on_helper(n > 0 ? static_cast<std::size_t>(n) : 0, [&](std::size_t done) {
    if (done == 0) return Moves::block(fd, parts, count, offset);
    const rest_of_parts rest(parts, static_cast<std::size_t>(count), done);
    return Moves::block(fd, rest.parts, static_cast<int>(rest.count), offset + static_cast<off_t>(done));
  });
}

// Descriptors that have no places say so at once.
template <class Moves>
ssize_t move_at(int fd, const iovec* parts, int count, std::size_t total, off_t offset) noexcept {
  if (!is_on_disk(way_of(fd, Moves::k_side))) return Moves::block(fd, parts, count, offset);
  return move_at_after<Moves>(Moves::attempt(fd, parts, count, offset), fd, parts, count, total, offset);
}

// Of several buffers. Nonsense is the kernel's to refuse.
template <class Moves>
ssize_t move_parts_at(int fd, const iovec* parts, int count, off_t offset) noexcept {
  std::size_t total = 0;
  const bool is_sound = count > 0 && offset >= 0 && sum_of(parts, static_cast<std::size_t>(count), total);
  if (!is_sound || total == 0 || !enter()) return Moves::block(fd, parts, count, offset);
  return move_at<Moves>(fd, parts, count, total, offset);
}

}  // namespace

ssize_t pread(int fd, void* buffer, std::size_t size, off_t offset) noexcept {
  if (size == 0 || offset < 0 || !enter()) return real().pread(fd, buffer, size, offset);
  const iovec part{buffer, size};
  if (way_of(fd, side::in) == way::storage) {  // the shortest way
    const ssize_t n = read_no_wait(fd, &part, 1, offset);
    if (n >= 0 || !is_flag_unknown()) return move_at_after<reads_at>(n, fd, &part, 1, size, offset);
  }
  return move_at<reads_at>(fd, &part, 1, size, offset);
}

ssize_t pwrite(int fd, const void* buffer, std::size_t size, off_t offset) noexcept {
  if (size == 0 || offset < 0 || !enter()) return real().pwrite(fd, buffer, size, offset);
  ssize_t n = 0;  // the shortest way
  if (write_in_place(fd, size, n, [&] { return real().pwrite(fd, buffer, size, offset); })) return n;
  const iovec part{const_cast<void*>(buffer), size};
  return move_at<writes_at>(fd, &part, 1, size, offset);
}

ssize_t preadv(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return move_parts_at<reads_at>(fd, parts, count, offset);
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) noexcept {
  return move_parts_at<writes_at>(fd, parts, count, offset);
}

// Sockets without the detour over a list of buffers, and what knows the flag by the shortest way. Their errors are told
// once: a second try would lose one.
ssize_t read(int fd, void* buffer, std::size_t size) noexcept {
  if (size == 0 || !enter()) return real().read(fd, buffer, size);
  const iovec part{buffer, size};
  const way by = way_of(fd, side::in);
  if (by != way::message && by != way::flag && by != way::storage) return read_parts(fd, &part, 1, size);
  const ssize_t n = by == way::message ? real().recv(fd, buffer, size, MSG_DONTWAIT) : read_no_wait(fd, &part, 1, -1);
  return n > 0 && static_cast<std::size_t>(n) == size ? n : read_on(n, by, fd, part);
}

ssize_t write(int fd, const void* buffer, std::size_t size) noexcept {
  if (size == 0 || !enter()) return real().write(fd, buffer, size);
  const iovec part{const_cast<void*>(buffer), size};
  const way by = way_of(fd, side::out);
  if (ssize_t n = 0;
      by == way::in_place && write_next_in_place(fd, size, n, [&] { return real().write(fd, buffer, size); }))
    return n;
  if (by != way::message && by != way::flag) return write_parts(fd, &part, 1, size);
  const ssize_t n = by == way::message ? real().send(fd, buffer, size, MSG_DONTWAIT) : write_no_wait(fd, &part, 1, -1);
  return n > 0 && static_cast<std::size_t>(n) == size ? n : write_on(n, by, fd, part);
}

ssize_t readv(int fd, const iovec* parts, int count) noexcept {
  std::size_t total = 0;
  const bool is_sound = count > 0 && sum_of(parts, static_cast<std::size_t>(count), total);
  if (!is_sound || total == 0 || !enter()) return real().readv(fd, parts, count);
  return read_parts(fd, parts, count, total);
}

ssize_t writev(int fd, const iovec* parts, int count) noexcept {
  std::size_t total = 0;
  const bool is_sound = count > 0 && sum_of(parts, static_cast<std::size_t>(count), total);
  if (!is_sound || total == 0 || !enter()) return real().writev(fd, parts, count);
  return write_parts(fd, parts, count, total);
}

}  // namespace weft::posix
