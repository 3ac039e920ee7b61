#pragma once
// Room: netpoll. A Unix socket gets its address. A path outlives the process that made it, so that one which is there
// may be stale: nobody answers behind it any more, and the next server wants it.
//
// "Replacing", by each who binds and may replace
//   R1 lock the directory, against others who are at R2 to R6; after a second of tries go on without the lock
//   R2 bind: done, unless there is something at the path
//   R3 it is no socket: address_in_use
//   R4 connect to it: anything but connection_refused is address_in_use; somebody answers, is too busy to, or is not
//      ours to ask
//   R5 remove it, bind again
//   R6 listen; unlock
// - Two servers that start at once: the second one gets to R2 when the first one listens, and its R4 finds that out.
//   Without R1 it could come between the bind and the listen of the first, be refused, and remove a path that is alive.
// - The lock is advisory, and leaves no file behind. Where there is none to be had (a directory that may not be read, a
//   file system without locks), or who holds it is not one of us, the rest holds but for that moment.
// - The connection of R4 is one that a live server accepts, and finds closed.

#include <system_error>

#include "path_calls.hpp"
#include "unique_fd.hpp"
#include "unix_address.hpp"
#include "unix_calls.hpp"

namespace weft::net::detail {

struct path_rules {
  unsigned mode = 0;  // of the path; 0: as the umask has it
  bool replace_stale = true;
};

// What a bind has left, for who goes on to R6.
struct bound {
  unique_fd directory_lock;
  path_identity made;  // what stands at the path now
};

// R1 to R5. Parks in R1; a cancellation point there.
[[nodiscard]] std::error_code bind_to(int fd, unix_kind kind, const unix_address& address, const path_rules& rules,
                                      bound& done);

}  // namespace weft::net::detail
