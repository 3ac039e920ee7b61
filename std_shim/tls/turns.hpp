#pragma once
// Room: tls. Whose turn it is to read, and to write, on one connection; the deadlines of both directions; and its
// closing.
//
// "Turns". One internal lock around every step but the parks.
//   take T1 closed, or the deadline has passed: an error. Free: ours. Else arm, and queue
//        T2 park: handed, it is ours (but if the deadline has passed meanwhile we give it back); closed, an error;
//           timed out, T1 again, at the front of the queue if somebody took us off it
//   give_back  the first of the queue that can be won is handed the turn; nobody there: it is free
//   close      marks; everybody who is queued is woken
// A deadline that is moved wakes nobody here: who has the turn ends by it in the transport, and hands on.
//
// "News". A writer that needs input (half of a message has come, and must be whole before OpenSSL writes again) while a
// reader is at the transport waits for what that one brings:
//   writer N1 seen = news()             reader  M1 brings input to the engine
//          N2 tries the engine                  M2 ++news, wakes who waits for it
//          N3 wants input: await_news(seen)
//             returns at once if news() != seen
// (A writer that receives does so under the deadline of reads, too.) M1 before M2 and N1 before N2: input that N2 did
// not see is news that N3 sees. A reader that gives its turn back is news, too: the writer takes the turn then, and
// receives for itself.

#include <cstdint>
#include <system_error>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>

namespace weft::tls::detail {

enum class way : std::uint8_t { read, write };

class turns {
 public:
  // Parks until the turn is ours; a cancellation point. An error: it is not.
  [[nodiscard]] std::error_code take(way w);
  // Never parks. False: it is somebody's, or all is closed.
  [[nodiscard]] bool try_take(way w) noexcept;
  void give_back(way w) noexcept;

  // For who has the turn: an error once all is closed, or the deadline has passed.
  [[nodiscard]] std::error_code standing(way w) noexcept;

  [[nodiscard]] std::error_code set_deadline(way w, deadline until) noexcept;

  enum class closing : std::uint8_t { closed_before, closed, closed_and_writes };
  // closed_and_writes: nobody was writing, and the turn to write is the caller's, to keep.
  [[nodiscard]] closing close() noexcept;
  [[nodiscard]] bool is_open() noexcept;

  [[nodiscard]] std::uint64_t news() noexcept;
  void tell_news() noexcept;
  // Parks, for who has the turn to write; a cancellation point.
  [[nodiscard]] std::error_code await_news(std::uint64_t seen);

 private:
  struct side {
    weft::detail::wait_list queue;
    deadline until;
    bool is_held = false;
  };
  enum class answer : std::uint8_t { mine, queued, closed, late };

  [[nodiscard]] side& at(way w) noexcept WEFT_REQUIRES(lock_) { return sides_[static_cast<int>(w)]; }
  [[nodiscard]] answer ask(way w, weft::detail::wait_node& node, deadline& until, bool is_first) noexcept;
  void leave_queue(way w, weft::detail::wait_node& node) noexcept;
  void leave_news(weft::detail::wait_node& node) noexcept;
  void note_news(weft::detail::won_chain& woken) noexcept WEFT_REQUIRES(lock_);

  weft::detail::internal_lock lock_;
  side sides_[2] WEFT_GUARDED_BY(lock_);
  weft::detail::wait_list for_news_ WEFT_GUARDED_BY(lock_);
  std::uint64_t news_ WEFT_GUARDED_BY(lock_) = 0;
  bool is_closed_ WEFT_GUARDED_BY(lock_) = false;
};

// A turn, from take to give_back.
class turn {
 public:
  turn(turns& of, way w) : of_(of), way_(w), error_(of.take(w)) {}
  ~turn() {
    if (!error_) of_.give_back(way_);
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  turns& of_;
  way way_;
  std::error_code error_;
};

}  // namespace weft::tls::detail
