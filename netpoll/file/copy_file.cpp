// Room: netpoll. See copy_file.hpp.

#include <weft/netpoll/copy_file.hpp>

#include <algorithm>
#include <limits>
#include <span>

#include <weft/netpoll/chunk.hpp>
#include <weft/netpoll/errc.hpp>

#include "closed.hpp"
#include "file_calls.hpp"
#include "file_sending.hpp"
#include "use_now.hpp"

namespace weft::net::detail {

struct file_access {
  [[nodiscard]] static const descriptor& descriptor_of(const file& of) noexcept { return of.descriptor_; }
};

namespace {

constexpr std::size_t k_most_of_a_piece = std::size_t{1} << 20;
constexpr auto k_last_position = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// `copied` is right also if it leaves by weft::cancelled, but for what is in a buffer.
class file_copying {
 public:
  file_copying(file& from, stream_behind& to, const file_range& part, std::uint64_t& copied) noexcept
      : from_(from), to_(to), first_(part.position), left_(part.size), copied_(copied) {
    left_ = std::min(left_, k_last_position - first_);
  }

  // False: that was all, or an error. What is no more than a buffer goes through one.
  bool go_on(std::error_code& ec) {
    ec.clear();
    if (left_ == 0) return false;
    const counted piece(*this);
    if (!is_bulk_ || !is_sent(piece.moved, ec)) send_buffered(piece.moved, ec);
    return !ec && piece.moved != 0;
  }

 private:
  struct counted {
    explicit counted(file_copying& all) noexcept : whole(all) {}
    ~counted() {
      whole.copied_ += moved;
      whole.left_ -= moved;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

    file_copying& whole;
    mutable std::size_t moved = 0;
  };

  // Asked anew each time, as in copy.cpp.
  bool is_sent(std::size_t& moved, std::error_code& ec) {
    const descriptor* const socket = to_.socket_behind();
    if (socket == nullptr) return is_bulk_ = can_send_ = false;
    const std::size_t most = std::min<std::uint64_t>(left_, k_most_of_a_piece);
    const auto how = send_piece(file_access::descriptor_of(from_), *socket, first_ + copied_, most, moved, ec);
    return is_bulk_ = can_send_ = how == piece_sent::done;
  }

  void send_buffered(std::size_t& moved, std::error_code& ec) {
    const std::size_t most = std::min<std::uint64_t>(left_, chunk::max_size());
    const chunk got = read_into_chunk(
        ec, [&](std::span<std::byte> buffer) { return from_.read_at(buffer.first(most), first_ + copied_, ec); });
    if (ec) return;
    if (got.size() < most) left_ = got.size();  // the file ends there
    if (!got.empty()) moved = to_.write(got.bytes(), ec);
    is_bulk_ = can_send_ && got.size() == chunk::max_size();
  }

  file& from_;
  stream_behind& to_;
  const std::uint64_t first_;
  std::uint64_t left_;
  std::uint64_t& copied_;
  bool is_bulk_ = false;
  bool can_send_ = true;
};

void copy_part(file& from, stream_behind& to, const file_range& part, std::uint64_t& copied, std::error_code& ec) {
  if (part.position > k_last_position) return void(ec = std::make_error_code(std::errc::invalid_argument));
  const bool were_open = from.is_open() && to.is_open();
  file_copying all(from, to, part, copied);
  while (all.go_on(ec)) continue;
  // Closed between two pieces: meanwhile, as seen by who calls.
  if (were_open && ec == std::errc::bad_file_descriptor) ec = closed_meanwhile();
}

// The file's own, which is moved in the end, whatever that was.
class moved_position {
 public:
  moved_position(const file& of, const std::uint64_t& by, std::error_code& ec)
      : of_(file_access::descriptor_of(of)), by_(by) {
    first_ = use_now(of_, ec, [&](int fd) { return position_of(fd, ec); });
  }
  ~moved_position() {
    const auto last = first_ + static_cast<std::int64_t>(by_);
    std::error_code ignored;
    if (by_ != 0) static_cast<void>(use_now(of_, ignored, [last](int fd) { return move_position(fd, last); }));
  }
  moved_position(const moved_position&) = delete;
  moved_position& operator=(const moved_position&) = delete;

  [[nodiscard]] std::uint64_t first() const noexcept { return static_cast<std::uint64_t>(first_); }

 private:
  const descriptor& of_;
  const std::uint64_t& by_;
  std::int64_t first_ = 0;
};

}  // namespace

std::uint64_t copy_file(file& from, stream_behind& to, const file_range* part, std::error_code& ec) {
  std::uint64_t copied = 0;
  if (part != nullptr) return copy_part(from, to, *part, copied, ec), copied;
  const moved_position position(from, copied, ec);
  if (!ec) copy_part(from, to, {.position = position.first()}, copied, ec);
  return copied;
}

void fail_copy_file(const file& from, const std::error_code& ec) { throw_error(ec, "copy", from.path()); }

}  // namespace weft::net::detail
