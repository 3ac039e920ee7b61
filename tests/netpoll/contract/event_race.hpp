#pragma once
// Room: tests of netpoll. What may happen to a stream at once, in any order: deadlines, closes of either end, requests
// to end, a half-close, a break, and the number of a closed descriptor used again. Whatever comes first: every call
// ends, and says why; what was read is the beginning of what was written; and nobody meets another's bytes.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

#include <support/simulated.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>

#include "contract/stream_kinds.hpp"

namespace weft::testing {

enum class stream_event : unsigned {
  read_deadline,
  write_deadline,
  near_close,
  far_close,
  cancel_reader,
  cancel_writer,
  half_close,
  break_off,
  reuse,
};
inline constexpr std::array k_stream_events = {
    stream_event::read_deadline, stream_event::write_deadline, stream_event::near_close,
    stream_event::far_close,     stream_event::cancel_reader,  stream_event::cancel_writer,
    stream_event::half_close,    stream_event::break_off,      stream_event::reuse};

class event_race {
 public:
  event_race(const stream_kind& kind, std::size_t bytes) : kind_(kind), pair_(kind.make()), bytes_(bytes) {}

  // The first `most` of the events that come to it happen, the others do not: so what happens, and in which order, is
  // the scheduler's choice, which a simulation draws from its seed. Elsewhere `order` is drawn.
  void run(std::span<const stream_event> order, int most) {
    auto reader = spawn([this] { heard(reader_cancelled_, [this] { read(); }); });
    auto writer = spawn([this] { heard(writer_cancelled_, [this] { write(); }); });
    {
      std::vector<join_handle<void>> events;
      for (const stream_event each : order) {
        events.push_back(spawn([this, each, most, &reader, &writer] {
          if (tickets_.fetch_add(1) < most) happen(each, reader, writer);
        }));
      }
      for (auto& each : events) each.join();
    }
    pair_.near.close();
    pair_.far.close();
    joined(reader);
    joined(writer);
    judge();
  }

 private:
  // The i-th byte of the stream.
  static char byte_at(std::size_t i) { return static_cast<char>('a' + (i ^ (i >> 8)) % 26); }

  void read() {
    std::array<char, 777> piece{};
    while (const std::size_t n = pair_.near.read_some(piece, read_error_)) {
      for (std::size_t i = 0; i < n; ++i)
        must(piece[i] == byte_at(read_.load() + i), "byte " + std::to_string(read_ + i) + " is another's");
      read_ += n;
    }
  }

  void write() {
    std::string all(bytes_, ' ');
    for (std::size_t i = 0; i < bytes_; ++i) all[i] = byte_at(i);
    written_ = pair_.far.write_all(all, write_error_);
    has_written_ = true;
  }

  template <class Call>
  static void heard(std::atomic<bool>& was_cancelled, Call call) {
    try {
      call();
    } catch (const cancelled&) {
      was_cancelled = true;
      throw;
    }
  }

  static void joined(join_handle<void>& of) {
    try {
      of.join();
    } catch (const std::system_error& e) {
      must(e.code() == std::errc::operation_canceled, e.what());
    }
  }

  void happen(stream_event what, join_handle<void>& reader, join_handle<void>& writer) {
    happened_.fetch_or(1u << static_cast<unsigned>(what));
    std::error_code ec;  // of a stream that is closed
    switch (what) {
      case stream_event::read_deadline: return pair_.near.set_read_deadline(std::chrono::seconds(0), ec);
      case stream_event::write_deadline: return pair_.far.set_write_deadline(std::chrono::seconds(0), ec);
      case stream_event::near_close: return pair_.near.close();
      case stream_event::far_close: return pair_.far.close();
      case stream_event::cancel_reader: return static_cast<void>(reader.request_stop());
      case stream_event::cancel_writer: return static_cast<void>(writer.request_stop());
      case stream_event::half_close: return pair_.far.shutdown_write(ec);
      case stream_event::break_off: return pair_.break_far();
      case stream_event::reuse: return reuse();
    }
  }

  // A new stream has the number, or the place, of the closed one, while calls on that one end.
  void reuse() {
    pair_.near.close();
    stream_pair other = kind_.make();
    other.near.write_all("hey");
    std::array<char, 3> got{};
    other.far.read_exactly(got);
    must(std::string_view(got.data(), 3) == "hey", "a new stream has another's bytes");
    must(other.far.is_open(), "a new stream was closed by another's close");
  }

  [[nodiscard]] bool has_happened(stream_event what) const {
    return (happened_ & (1u << static_cast<unsigned>(what))) != 0;
  }

  void judge() const {
    must(read_ <= bytes_, "more was read than written");
    if (has_written_) must(read_ <= written_, "more was read than the write says");
    must(!reader_cancelled_ || has_happened(stream_event::cancel_reader), "nobody asked the reader to end");
    must(!writer_cancelled_ || has_happened(stream_event::cancel_writer), "nobody asked the writer to end");
    judge("read", read_error_, stream_event::read_deadline);
    judge("write", write_error_, stream_event::write_deadline);
    const bool is_whole = !read_error_ && !reader_cancelled_ && has_written_ && !write_error_;
    if (is_whole) must(read_ == bytes_, "the stream has ended before its end");
  }

  void judge(const char* call, const std::error_code& ec, stream_event its_deadline) const {
    const bool is_told = !ec || ec == std::errc::operation_canceled || ec == std::errc::bad_file_descriptor ||
                         ec == std::errc::connection_reset || ec == std::errc::broken_pipe ||
                         (ec == std::errc::timed_out && has_happened(its_deadline));
    must(is_told, std::string(call) + ": " + ec.message());
  }

  const stream_kind& kind_;
  stream_pair pair_;
  const std::size_t bytes_;
  std::atomic<int> tickets_{0};
  std::atomic<unsigned> happened_{0};
  std::atomic<bool> reader_cancelled_{false}, writer_cancelled_{false};
  std::atomic<std::size_t> read_{0};
  std::atomic<bool> has_written_{false};
  std::atomic<std::size_t> written_{0};
  // Their fibers', until they are joined.
  std::error_code read_error_, write_error_;
};

}  // namespace weft::testing
