#pragma once
// Room: netpoll. Attempts to connect to one of several addresses, side by side (RFC 8305), by one fiber: none is
// spawned, so there is none to be refused, to be waited for, or to be left over.
//
// "Dialing".
//   D1 order: as the resolver has them, but the families by turns, beginning with the first one's; those that the local
//      address cannot reach are left out
//   D2 begin the next: a socket of its own, bound if that was asked for, connecting, watched. One that has come through
//      at once has won. One that fails at once: note why, and D2 for the next
//   D3 park until a socket that connects is writable ("Any of several", any_ready.hpp), until the delay since the last
//      D2 is over if there is a next, and at most until the time of the whole
//   D4 look at those under way, in the order in which they began: one that is connected has won. One that has failed:
//      note why, close it, and D2 at once. Else, if the delay is over, D2; none under way and no next: it has failed;
//      the time is over: timed_out
//   D5 the winner leaves the race. All other sockets are the race's and are closed with it, whatever ends it: a winner,
//      failure, the time, cancellation, the end of the runtime
// - An attempt that comes through while another is looked at is found by the next D4, for its event stays in its word.
// - What was won before the time was over, or the request to end was heard, is told: D4 looks before it judges.
// Next: dial.cpp.

#include <cstddef>
#include <system_error>
#include <vector>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/endpoint.hpp>
#include <weft/runtime/deadline.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

// D1.
[[nodiscard]] std::vector<endpoint> in_dialing_order(const std::vector<endpoint>& addresses, const endpoint& local);

class dial_race {
 public:
  // `addresses` in dialing order.
  dial_race(std::vector<endpoint> addresses, const dial_options& options, deadline until);

  // The winner, or an error. Throws weft::cancelled.
  [[nodiscard]] descriptor run(std::error_code& ec);

  [[nodiscard]] std::size_t tried() const noexcept { return next_; }

 private:
  [[nodiscard]] bool is_next_due() const noexcept;
  [[nodiscard]] deadline next_look() const noexcept;
  void begin_next();
  [[nodiscard]] descriptor begin(const endpoint& to, std::error_code& ec) const;
  [[nodiscard]] std::error_code prepare(int fd, const endpoint& to) const noexcept;
  [[nodiscard]] descriptor look_at_all();
  void drop(std::size_t which, const std::error_code& why) noexcept;
  void note(const std::error_code& why) noexcept;

  const std::vector<endpoint> addresses_;
  const dial_options& options_;
  const deadline until_;
  std::size_t next_ = 0;  // of addresses_
  deadline next_at_;      // when it is due, if others are under way
  std::error_code why_;   // the most telling failure

  // Under way, in the order in which they began: the handles, and their blocks as await_any_ready wants them.
  std::vector<descriptor> sockets_;
  std::vector<descriptor_block*> blocks_;
};

}  // namespace weft::net::detail
