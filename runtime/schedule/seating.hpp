#pragma once
// Room: runtime. Which workers may run fibers: a runtime has as many seats as its options say workers, and more worker
// threads than seats once fibers have computed for long. It owns the list of all workers, the seats and the spares;
// when somebody has computed for too long the monitor decides, and what a worker does in its seat is worker.hpp's.
//
// "Filling in": while ready fibers wait and no seated worker has changed turn, the monitor counts one of them out and
// seats a spare, which runs what waits. So it is the kernel's preemption that shares the processors among fibers that
// never park, with no signal and no annotation.
//   monitor                                           worker
//   I1 a spare, or a new thread as one; none: later   O1 its fiber ends or parks: it comes home, because the slot is
//   I2 standing: running -> out                          closed or nothing is ready, and finds that it is out
//      it sleeps or was first: the spare goes back,   O2 its ring to inject; what is in its inbox (pinned fibers) it
//      and is woken, for O4                              runs, and does O1 after each; then a wake, as W7 of
//   I3 "Counting out" (next_slot.hpp): what it had       "Waking": somebody may have relied on its search or its turn
//      ready goes to inject                           O3 it becomes a spare, and sleeps until it is seated; what is
//   I4 the spare gets the seat, counted as searching     left of it (timers) is everybody's
//      ("Sleeping", S2); its slot opened;             O4 or until a pinned fiber arrives ("Sending home", inbox.hpp):
//      standing: out -> sleeping; wake                   it leaves the spares and goes on at O2; or finds itself
//                                                        taken, and waits for its seat
//                                                     O5 seated: standing: sleeping -> running
//
//             owner, to sleep            monitor, I2
//   sleeping ◄──────────────── running ─────────────► out
//      ▲     ────────────────►                         │
//      │      owner, awake; O5                         │
//      └───────────────────────────────────────────────┘
//                     monitor, I4 (the worker is a spare)
//
// O5 is the owner's, lest the monitor count out a worker that counts as searching and has not seen its seat.
// "Vacating": where fewer workers get more done (governor.hpp) the monitor counts one out, I2 and I3, and leaves the
// seat empty: whoever ran there becomes a spare. It fills the seat again by I1 and I4. One is never empty.
//
// A worker that sleeps is never counted out, so a seat whose bit is set in the idle set keeps its worker.
// A seat is the right to run what is in the queues, and what is pinned is pinned to a thread: so pinned fibers need no
// seat, and a spare whose pinned fibers are all parked may be given any. One that runs a pinned fiber is no spare: its
// slot stays closed, and a count as searching would be kept up by whoever computes.
// Models: O2 and O5 in tests/model/idle_set_model.cpp, the poll turn of O2 in poll_turn_model.cpp.
// Rejected: the hog's thread keeps its seat when it is back and the spare leaves: either would do, and this way nobody
// has to be called back.
//
// "Lending a thread" (weft::exclusive_thread): a worker for one fiber alone. It never has a seat: it is out, and its
// slot closed, from its first day. So it runs what comes into its inbox and nothing else, and what its fiber spawns or
// makes ready goes to inject, for those in the seats.
//   fiber that asks, on any worker                    lent worker
//   L1 under the lock: one that rests, kept = true;   K1 nothing has arrived at its inbox: it is kept? K3
//      or a new one, born kept                        K2 under the lock: still not kept? It rests, in the list
//   L2 pinned to it                                   K3 sleep until something arrives ("Sending home", Q2 to Q4)
//   L3 leaves as one that yields, and so is sent      K4 run it; it parks, yields or ends: K1
//      home; likewise whenever it is made ready
//   L4 there, its last pin goes: kept = false. It
//      runs on until its next switch; then it is
//      everybody's
// Nobody else runs there: only who is pinned to it comes into its inbox, and only two are ever pinned to it: who took
// it out of the list, and who runs on it, for a pin that is made there keeps it again. It is in the list only if it is
// not kept, and puts itself there while it runs nobody. A child that is spawned pinned goes to the first that runs it.
// Why K2 asks again: a dump may have taken what woke it out of the inbox for a moment ("Looking at the ready"), so
// nothing that it has read orders L1 before K1; the lock does.
// Rejected: a spare, with its seatless turns (fibers that were pinned to it earlier would come back beside the one);
// a thread that ends with its guard (an index in the list of all workers is for good). Next: monitor.hpp.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <weft/runtime/detail/internal_lock.hpp>

#include "relaxed.hpp"

namespace weft::detail {

class scheduler;
class worker;

enum class worker_role : std::uint8_t {
  seated,  // begins in a seat
  spare,   // begins without
  lent,    // never has one
};

enum class standing : std::uint8_t {
  running,   // seated; the monitor may count it out
  sleeping,  // seated, in the idle set or not awake yet; its own
  out,       // no seat: it computes on, or is a spare. The monitor may seat it once it is a spare
};

class seating {
 public:
  // What fibers that never park may cost in threads.
  static constexpr unsigned k_most_spares = 256;
  // Fibers that have a thread of their own, at once.
  static constexpr unsigned k_most_lent = 256;

  seating(scheduler& home, unsigned seats, std::uint64_t seed);
  ~seating();
  seating(const seating&) = delete;
  seating& operator=(const seating&) = delete;

  // Starts the first workers, one in each seat. Throws what std::thread throws; join() then ends those that run.
  void start();
  // The same for one that has no thread, a simulation's.
  void seat_the_first();
  // Wakes all, and waits for their threads: the runtime is shut, and the monitor has ended.
  void join() noexcept;

  // --- Any thread.
  // Every worker that there has been.
  [[nodiscard]] std::span<const std::unique_ptr<worker>> all() const noexcept {
    return {workers_.get(), known_.load(std::memory_order_acquire)};  // acquire: the workers; pairs with add
  }
  [[nodiscard]] unsigned seats() const noexcept { return seats_; }
  // Seats that are not empty; a hint but for the monitor.
  [[nodiscard]] unsigned filled() const noexcept { return filled_; }
  // In an empty one: who sat there last.
  [[nodiscard]] worker& in_seat(unsigned seat) const noexcept {
    return *seated_[seat].load(std::memory_order_acquire);  // acquire: the worker; pairs with fill_in_for
  }

  // --- The monitor.
  // I1 to I4. False: it is not stuck after all, or there is no spare.
  bool fill_in_for(worker& stuck) noexcept;
  // "Vacating". False: it is not running in its seat, or the last one.
  bool vacate(worker& running) noexcept;
  // False: there is no spare.
  bool fill_one() noexcept;
  [[nodiscard]] bool is_empty(unsigned seat) const noexcept { return empty_[seat]; }

  // --- A fiber that asks for a thread of its own: L1. Throws std::system_error: there may be no more, or the system
  // has none.
  [[nodiscard]] worker& lend();
  // --- A lent worker, K2.
  void rest(worker& lent) noexcept;

  // --- A worker that is out, O3 and O4.
  void add_spare(worker& spare) noexcept;
  // False: the monitor has it, and seats it, or adds it again and wakes it.
  [[nodiscard]] bool remove_spare(worker& spare) noexcept;

 private:
  [[nodiscard]] std::unique_ptr<worker> make_worker(worker_role role) const;
  worker& publish(std::unique_ptr<worker> fresh) noexcept;
  worker& launch(worker_role role);
  void seat_one(unsigned seat);
  [[nodiscard]] worker* find_spare() noexcept;
  [[nodiscard]] worker* take_spare() noexcept;
  [[nodiscard]] worker* make_spare() noexcept;
  [[nodiscard]] worker* take_resting() noexcept;
  void warn(unsigned threads, const char* why) noexcept;
  void seat(worker& spare, unsigned seat) noexcept;

  scheduler& home_;
  const unsigned seats_;
  const std::uint64_t seed_;
  // Written by the starter; then under making_, by the monitor and by fibers that ask for a thread, until all have
  // ended.
  internal_lock making_;  // held while a thread is made
  const std::unique_ptr<std::unique_ptr<worker>[]> workers_;
  std::atomic<unsigned> known_{0};
  std::vector<std::thread> threads_;
  unsigned spares_made_ = 0;
  unsigned lent_made_ = 0;
  // Written by the starter, then by the monitor.
  bool has_warned_ = false;
  std::vector<bool> empty_;  // by seat
  relaxed<unsigned> filled_;
  // Any thread reads.
  const std::unique_ptr<std::atomic<worker*>[]> seated_;

  internal_lock lock_;
  std::vector<worker*> spares_ WEFT_GUARDED_BY(lock_);  // the last to come is the first to go
  std::vector<worker*> resting_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::detail
