// Room: sync. The slow paths of weft::mutex. It owns the order in which waiters get the mutex; the fast paths stand in
// the header. Next: condition_variable.cpp.
//
// "Locking", both sides. One word says everything; the lock of the queue is a bit of the same word, so that an unlocker
// lets go of both in one step, its last access to the mutex.
//   locker                                           unlocker
//   L1 set locked; it was free: mine (inline)        U1 word = locked -> 0: done (inline)
//   L2 free, whatever else it says: set locked:      U2 a woken waiter is on its way, nobody is at the queue:
//      mine; a woken waiter clears woken with it        clear locked: done, it will try
//   L3 otherwise set queue_locked, locked still      U3 otherwise set queue_locked
//      being set                                     U4 claim the front waiter, unless U2 has come true
//   L4 enqueue: at the back, or again in front if    U5 it was not outrun after 1 ms:  claim "again",
//      outrun; read the clock after 1 ms                clear locked and queue_locked, set woken     (one step)
//   L5 clear queue_locked (and woken, if it was      U6 it was:  claim "handed",
//      this one's), set has_waiters    (one step)       clear queue_locked alone                     (one step)
//   L6 park; handed: mine; again: to L2              U7 unpark it; wake sleepers on the word
//   L7 its time ran out: set locked, if it is free:
//      mine, or only queue_locked; dequeue; clear
//      queue_locked, set the rest as it is (one step)
// - locked is cleared only by the holder, and either while nobody is at the queue (U1, U2) or by whoever is (U5). So
//   queue_locked implies locked, and while it is set nothing but queue_contended can change: L5, L7, U5 and U6 are
//   exchanges.
// - Nothing is lost: has_waiters without locked implies woken (U5), and the woken one clears woken only by taking the
//   mutex (L2), whose unlock then comes to U3, or by being in the queue again (L5) while another holds it. A deadline
//   is a claimant like any other (park.hpp): a waiter that is woken or handed the mutex has not run out of time, one
//   that has is passed over in U4, and never has a duty to pass on when it comes to L7.
// - Waiters are outrun at will for 1 ms, then never again: hand-off from the start convoys (README.md, "Rejected").

#include <weft/sync/mutex.hpp>

#include <chrono>
#include <string>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/futex.hpp>
#include <weft/runtime/detail/lock_note.hpp>
#include <weft/runtime/detail/real_env.hpp>

#include "mutex_word.hpp"
#include "spin.hpp"

namespace weft {

#ifdef WEFT_TRACKS_OWNERS
const bool mutex::k_tracks_owner = true;
#else
const bool mutex::k_tracks_owner = false;
#endif

namespace {
constexpr auto k_patience = std::chrono::milliseconds(1);
// Worth waiting for a holder that is inside a short section on another core; a parked one is not worth more.
constexpr int k_mutex_spins = 20;

struct mutex_env : detail::real_env {
  static constexpr int k_queue_spins = 100;
  static void spin_pause() noexcept { detail::spin_pause(); }
  static void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
    detail::futex_wait(word, expected);
  }
  static void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept { detail::futex_wake_all(word); }
};
using slow = detail::mutex_word<mutex_env>;
}  // namespace

// Stands on the frame of the locker.
struct mutex::waiter : detail::wait_node {
  deadline until;           // when its time runs out
  detail::wait_label what;  // what a dump shows
  deadline patience;        // when it will have waited long enough
  deadline outrun_at;       // when it last found itself outrun after that; never(): not yet

  [[nodiscard]] bool is_overdue() const noexcept { return !outrun_at.is_never(); }
};

void mutex::lock_slow() { static_cast<void>(lock_slow(deadline::never(), "mutex")); }

bool mutex::lock_until(deadline until, detail::wait_label what) {
  if (try_lock()) return true;
  if (!lock_slow(until, what)) return false;
  if (k_tracks_owner) note_owner();
  return true;
}

bool mutex::lock_slow(deadline until, detail::wait_label what) {
  detail::switch_point();
  // relaxed: only a value that this very fiber stored can be equal.
  if (k_tracks_owner && owner_.load(std::memory_order_relaxed) == &detail::this_waiter())
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            std::string("weft: ") + what + ": locked by its owner");
  if (spin()) return true;
  const deadline begun = detail::now();
  if (begun >= until) return false;
  waiter self;
  self.until = until;
  self.what = what;
  self.patience = deadline::after(begun, k_patience);
  for (bool was_woken = false; enter(was_woken ? k_woken : 0) == entered::queue; was_woken = true) {
    const detail::wake_reason reason = wait_in_queue(self, was_woken);
    if (reason == detail::wake_reason::handed) return true;
    if (reason == detail::wake_reason::timed_out) return leave_queue(self);
    if (reason == detail::wake_reason::cancelled) [[unlikely]]
      give_up_waiting(self);
  }
  return true;
}

// A few tries while nobody queues. Later comers would only make the queue longer by spinning.
bool mutex::spin() noexcept {
  for (int i = 0; i < k_mutex_spins; ++i) {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    if ((seen & k_has_waiters) != 0) return false;
    // acquire: as in lock().
    if ((seen & k_locked) == 0 &&
        word_.compare_exchange_weak(seen, seen | k_locked, std::memory_order_acquire, std::memory_order_relaxed))
      return true;
    detail::spin_pause();
  }
  return false;
}

detail::mutex_bits::entered mutex::enter(std::uint32_t consumed) noexcept { return slow::enter(word_, consumed); }

// L4 to L6. The caller is at the queue, and somebody else holds the mutex.
detail::wake_reason mutex::wait_in_queue(waiter& self, bool outrun) noexcept {
  self.token = detail::arm(detail::cancellation::unless_stuck);
  if (outrun) {
    const deadline now = detail::now();
    if (now >= self.patience) self.outrun_at = now;
    waiters_.push_front(self);
  } else {
    waiters_.push_back(self);
  }
  slow::leave_queued(word_, outrun);
  const detail::lock_note note{this, k_tracks_owner ? &owner_ : nullptr};
  detail::waiter& caller = *self.token.who;
  detail::tell_lock(caller, &note);
  const detail::wake_reason reason = detail::park(self.token, self.until, self.what);
  detail::tell_lock(caller, nullptr);
  return reason;
}

// L7. True: it was free at the last moment, and is the caller's now.
bool mutex::leave_queue(waiter& self) noexcept {
  const bool has_it = enter(0) == entered::mutex;
  if (has_it) come_to_queue();
  waiters_.remove(self);
  release_queue(k_locked | slow::woken_bit(word_) | waiters_bit());
  return has_it;
}

// U3, by the holder.
void mutex::come_to_queue() noexcept {
  const entered where = enter(0);
  WEFT_CHECK(where == entered::queue, "weft::mutex: unlocked while somebody else unlocked it");
}

// By a waiter whose wait a simulation has ended.
void mutex::give_up_waiting(waiter& self) {
  if (leave_queue(self)) release();
  detail::throw_cancelled();
}

// While it is held, and once it is not, others may run.
void mutex::unlock_simulated() noexcept {
  detail::scheduling_point();
  release();
  detail::scheduling_point();
}

// The caller's last access to the mutex.
void mutex::release_queue(std::uint32_t next) noexcept { slow::release_queue(word_, next); }

void mutex::unlock_slow() noexcept {
  // relaxed: a diagnosis.
  const std::uint32_t seen = word_.load(std::memory_order_relaxed);
  WEFT_CHECK((seen & k_locked) != 0, "weft::mutex: unlocked while nobody holds it", seen);
  if (slow::let_go_to_woken(word_)) return;
  come_to_queue();
  if (!hand_off()) let_go();
}

// U4, U6. False: nobody waits who has been outrun after 1 ms, and whose time has not run out.
bool mutex::hand_off() noexcept {
  for (;;) {
    auto* const heir = static_cast<waiter*>(waiters_.front());
    if (heir == nullptr || !heir->is_overdue()) return false;
    waiters_.remove(*heir);
    auto* const following = static_cast<waiter*>(waiters_.front());
    // Whoever had waited long enough when the heir was outrun need not be outrun itself first.
    if (following != nullptr && following->patience <= heir->outrun_at) following->outrun_at = heir->outrun_at;
    const detail::claimed won = detail::claim(heir->token, detail::wake_reason::handed);
    if (!won) continue;
    release_queue(k_locked | waiters_bit());
    detail::unpark(won);
    return true;
  }
}

// U4, U5.
void mutex::let_go() noexcept {
  if (slow::woken_bit(word_) != 0) return release_queue(k_woken | waiters_bit());
  detail::claimed won;
  const bool woke = waiters_.claim_front(detail::wake_reason::again, won) != nullptr;
  release_queue((woke ? k_woken : 0) | waiters_bit());
  if (woke) detail::unpark(won);
}

void mutex::note_owner() noexcept {
  // relaxed: a diagnosis; the owner reads its own store.
  owner_.store(&detail::this_waiter(), std::memory_order_relaxed);
}

void mutex::forget_owner() noexcept {
  // relaxed: as in note_owner. The exchange alone would hide a mutex that is free from the check of unlock_slow().
  const void* owner = owner_.load(std::memory_order_relaxed);
  WEFT_CHECK(owner == nullptr || owner == &detail::this_waiter(),
             "weft::mutex: unlocked by a fiber or thread that does not hold it");
  // relaxed: as in note_owner.
  owner_.store(nullptr, std::memory_order_relaxed);
}

}  // namespace weft
