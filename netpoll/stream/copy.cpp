// Room: netpoll. See copy.hpp.
//
// Whether to splice is decided by measurement (`./dev bench`, rows "copy"): two calls more for each piece do not pay
// for small ones, so that a piece goes by way of a buffer unless the one before it was as large as a buffer.

#include <weft/netpoll/copy.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/task_group.hpp>

#include "closed.hpp"
#include "splicing.hpp"

namespace weft::net::detail {

namespace {

copied_piece copy_chunk(stream_behind& from, stream_behind& to, std::error_code& ec) {
  copied_piece piece;
  const chunk got = from.borrow(ec);
  piece.read = got.size();
  if (piece.read != 0) piece.written = to.write(got.bytes(), ec);
  return piece;
}

// One direction. `copied` is right also if it leaves by weft::cancelled.
class copying {
 public:
  copying(stream_behind& from, stream_behind& to, std::uint64_t& copied) noexcept
      : from_(from), to_(to), copied_(copied) {}

  // False: that was the end, or an error.
  bool go_on(std::error_code& ec) {
    const counted piece(copied_);
    if (!is_bulk_ || !is_spliced(piece.moved, ec)) piece.moved = copy_chunk(from_, to_, ec);
    is_bulk_ = can_splice_ && piece.moved.read >= chunk::max_size();
    return !ec && piece.moved.read != 0;
  }

 private:
  struct counted {
    explicit counted(std::uint64_t& total) noexcept : sum(total) {}
    ~counted() { sum += moved.written; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

    std::uint64_t& sum;
    mutable copied_piece moved;
  };

  // Asked anew each time: what a buffered stream has read ahead comes first.
  bool is_spliced(copied_piece& piece, std::error_code& ec) {
    const descriptor* const source = from_.socket_behind();
    const descriptor* const sink = to_.socket_behind();
    if (source == nullptr || sink == nullptr) return false;
    can_splice_ = splice_piece(*source, *sink, piece, ec) == spliced::done;
    return can_splice_;
  }

  stream_behind& from_;
  stream_behind& to_;
  std::uint64_t& copied_;
  bool is_bulk_ = false;
  bool can_splice_ = true;
};

void copy_counted(stream_behind& from, stream_behind& to, std::uint64_t& copied, std::error_code& ec) {
  const bool were_open = from.is_open() && to.is_open();
  copying all(from, to, copied);
  while (all.go_on(ec)) continue;
  // Closed between two pieces: meanwhile, as seen by who calls.
  if (were_open && ec == std::errc::bad_file_descriptor) ec = closed_meanwhile();
}

// A peer that has left need not be told, and of a stream that is closed the other direction hears. But one that is
// there and never hears of the end would wait for more, and the other direction for it.
void pass_on_end(stream_behind& to, std::error_code& ec) {
  constexpr std::errc k_left[] = {std::errc::broken_pipe, std::errc::connection_reset, std::errc::not_connected,
                                  std::errc::operation_canceled, std::errc::bad_file_descriptor};
  to.end_writing(ec);
  if (std::any_of(std::begin(k_left), std::end(k_left), [&ec](std::errc each) { return ec == each; })) ec.clear();
}

// What ended the first direction that ended badly.
class first_error {
 public:
  void note(const std::error_code& ec) noexcept {
    const weft::detail::internal_guard guard(lock_);
    if (!error_) error_ = ec;
  }
  [[nodiscard]] std::error_code get() noexcept {
    const weft::detail::internal_guard guard(lock_);
    return error_;
  }

 private:
  weft::detail::internal_lock lock_;
  std::error_code error_ WEFT_GUARDED_BY(lock_);
};

}  // namespace

std::uint64_t copy_streams(stream_behind& from, stream_behind& to, std::error_code& ec) {
  std::uint64_t copied = 0;
  copy_counted(from, to, copied, ec);
  return copied;
}

copied_both copy_streams_both(stream_behind& a, stream_behind& b, std::error_code& ec) {
  copied_both copied;
  first_error first;
  task_group directions;
  const auto go = [&](stream_behind& from, stream_behind& to, std::uint64_t& count) {
    directions.go([&from, &to, &count, &first, &directions] {
      std::error_code error;
      copy_counted(from, to, count, error);
      if (!error) pass_on_end(to, error);
      if (!error) return;
      first.note(error);
      directions.cancel();
    });
  };
  go(a, b, copied.forth);
  go(b, a, copied.back);
  directions.wait();
  ec = first.get();
  return copied;
}

void fail_copy(const std::error_code& ec, const char* call) { throw_error(ec, call); }

}  // namespace weft::net::detail
