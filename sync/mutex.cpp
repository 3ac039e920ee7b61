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
// - locked is cleared only by the holder, and either while nobody is at the queue (U1, U2) or by whoever is (U5). So
//   queue_locked implies locked, and while it is set nothing but queue_contended can change: L5, U5 and U6 are
//   exchanges.
// - Nothing is lost: has_waiters without locked implies woken (U5), and the woken one clears woken only by taking the
//   mutex (L2), whose unlock then comes to U3, or by being in the queue again (L5) while another holds it.
// - Waiters are outrun at will for 1 ms, then never again: hand-off from the start convoys (README.md, "Rejected").

#include <weft/sync/mutex.hpp>

#include <chrono>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/futex.hpp>
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
  deadline patience;   // when it will have waited long enough
  deadline outrun_at;  // when it last found itself outrun after that; never(): not yet

  [[nodiscard]] bool is_overdue() const noexcept { return !outrun_at.is_never(); }
};

void mutex::lock_slow() {
  detail::switch_point();
  // relaxed: only a value that this very fiber stored can be equal.
  if (k_tracks_owner && owner_.load(std::memory_order_relaxed) == &detail::this_waiter())
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "weft::mutex: locked by its owner");
  if (spin()) return;
  waiter self;
  self.patience = deadline::after(detail::now(), k_patience);
  bool was_woken = false;
  while (enter(was_woken ? k_woken : 0) == entered::queue) {
    const detail::wake_reason reason = wait_in_queue(self, was_woken);
    if (reason == detail::wake_reason::handed) return;
    if (reason == detail::wake_reason::cancelled) [[unlikely]] {
      give_up_waiting(self);
      detail::throw_cancelled();
    }
    was_woken = true;
  }
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
  return detail::park(self.token, deadline::never(), "mutex");
}

// By a waiter whose wait was ended while it was queued: off the queue, if need be by way of the mutex.
void mutex::give_up_waiting(waiter& self) noexcept {
  const bool holds = enter(0) == entered::mutex;
  if (holds) (void)enter(0);  // it is locked now, so this comes to the queue
  waiters_.remove(self);
  release_queue(k_locked | slow::woken_bit(word_) | waiters_bit());
  if (holds) release();
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
  const entered where = enter(0);
  WEFT_CHECK(where == entered::queue, "weft::mutex: unlocked while somebody else unlocked it");
  auto* front = static_cast<waiter*>(waiters_.front());
  if (front != nullptr && front->is_overdue())
    hand_off();
  else
    let_go();
}

// U4, U6.
void mutex::hand_off() noexcept {
  detail::claimed won;
  auto* heir = static_cast<waiter*>(waiters_.claim_front(detail::wake_reason::handed, won));
  WEFT_CHECK(heir != nullptr, "weft::mutex: a waiter that nothing else can wake was woken");
  auto* following = static_cast<waiter*>(waiters_.front());
  // Whoever had waited long enough when the heir was outrun need not be outrun itself first.
  if (following != nullptr && following->patience <= heir->outrun_at) following->outrun_at = heir->outrun_at;
  release_queue(k_locked | waiters_bit());
  detail::unpark(won);
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
