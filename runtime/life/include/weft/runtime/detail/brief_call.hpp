#pragma once
// Room: runtime. A call that is brief as a rule, may wait in the kernel for once, and is not worth a helper thread each
// time: a write to a file. It is made in place, on the worker, and the worker says so.
//
//   const weft::detail::brief_call here;
//   if (!here) return weft::blocking(call);  // whoever is asked to end hears of it there, too
//   return call();                           // no switch point while `here` lives
//
// "Brief calls". A worker that is in one for 2 ms is held up, whether it computes or not; who waits behind it is looked
// after as behind one that computes ("Filling in", seating.hpp). One that has not said so is left for 8 ms.
//   the fiber, on its worker                           the monitor, at a tick
//   C1 calls are to be made elsewhere for now, or the  T1 the worker has run one fiber for 2 ms, is in a brief call,
//      fiber is asked to end? not here                    and somebody waits behind it
//   C2 in_brief_call = true                            T2 calls_long += 1
//   C3 the call                                        T3 the worker is counted out, or what it has ready is handed
//   C4 in_brief_call = false                              over
//   C5 calls_long has changed, or the call was timed
//      and took 0.2 ms: so many calls of the process
//      are made elsewhere, then here again
// Nothing but what is best rests on it, so all of it is relaxed: T may see a call that has just ended, or take what the
// fiber computed before for a part of it, and C5 then sends a few calls elsewhere for nothing.
// Timed is one call in 16, and on each worker the first 64, and as many after a long one: where all take 1 ms nobody is
// held up for 2, but everybody waits behind several of them.
// How many: 16 after a call that was long for once (a stall of the disk; a processor that was taken away), twice as
// many each time, up to 4,096, as long as fewer than a thousand brief ones lie in between. So where all are long, one
// in 4,096 holds somebody up, for 2 ms. One for the process, not one a worker: a spare that fills in has learned
// nothing yet.
//
// Rejected: a clock around each call, 40 ns for two looks; a coarse one moves each 4 ms. No clock, what the monitor
// sees alone: beside four who wrote to a file that took 1.5 ms each time, a timer on one worker was 4.6 ms late.
// Signals that end the call: files do not heed them.

#include <cstdint>

#include <weft/runtime/detail/require_cpp20.hpp>

namespace weft::detail {
class worker;
}  // namespace weft::detail

#pragma GCC visibility push(default)

namespace weft::detail {

// Bytes whose copying is brief: some 20 us.
inline constexpr std::uint32_t k_most_brief_bytes = 64 * 1024;

class [[nodiscard]] brief_call {
 public:
  // On a fiber's worker: nothing that parks or yields may happen while one lives. On a plain thread it is false.
  brief_call() noexcept;
  ~brief_call();
  brief_call(const brief_call&) = delete;
  brief_call& operator=(const brief_call&) = delete;

  // False: not here.
  explicit operator bool() const noexcept { return on_ != nullptr; }

 private:
  [[nodiscard]] bool took_long() const noexcept;

  worker* on_;
  std::uint32_t long_before_ = 0;
  std::int64_t began_ns_ = 0;  // 0: it is not timed
};

}  // namespace weft::detail

#pragma GCC visibility pop
