#pragma once
// Room: sync. A channel without its type: the lock, the ring of buffered elements, and who waits on either side. It
// moves elements without knowing them, by memcpy or through element_ops, so that channel<T> and select stay thin. What
// an element is (a T, or a box that holds one) belongs to element.hpp; how a select waits on many at once to
// select.cpp.
//
// "Handing over", the two sides being sender and receiver in either order:
//   the one who comes first                           the one who comes second
//   H1 lock; nobody waits on the other side, no       H4 lock; claim the first who waits on the other side
//      room and no element in the ring                H5 through the ring, if there is one: move under the lock
//   H2 enqueue a node that points to the slot;        H6 unlock
//      unlock; park                                   H7 without a ring: move from slot to slot
//   H3 ready: the slot was filled or emptied          H8 unpark
//      closed: it was not touched
//      timed out, cancelled: lock, dequeue
// - H4's claim makes the other's slot this side's until H8, so H7 needs no lock: one move from frame to frame.
// - A claim that is lost to a deadline, to cancellation or to another case of a select is passed over in H4: a value
//   goes to somebody who waits for it, or stays where it was.
// - Senders wait only while the ring is full, receivers only while it is empty (waiters that can no longer be won
//   excepted). A receiver that takes from a full ring moves the first waiting sender's element in behind it: order is
//   arrival.

#include <cstddef>
#include <cstdint>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/detail/thread_safety.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/sync/channel_status.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// What the core must know of elements. All of it is nothrow, and under the lock only `construct` and `relocate` are
// called.
struct element_ops {
  std::size_t size;
  std::size_t alignment;
  void (*construct)(void* to, void* from) noexcept;  // moves; *from lives on, moved from. Null: memcpy
  void (*relocate)(void* to, void* from) noexcept;   // moves, and ends *from. Null: memcpy
  void (*destroy)(void* element) noexcept;           // null: nothing to do
};

enum class direction : std::uint8_t { receive, send };

// On the frame of the one who waits.
struct channel_waiter : wait_node {
  void* slot = nullptr;               // to receive into: raw storage; to send from: a living element
  channel_waiter** winner = nullptr;  // a select's: where the waker says which of its nodes it has won
};

// What an attempt under the lock leaves to be done after it: H7 and H8.
struct [[nodiscard]] attempt {
  channel_status status;  // ok, closed; empty or full: it would have to wait
  claimed won = {};       // unparked at the end
  void* to = nullptr;     // and `from`: an element to move without the lock; null: none
  void* from = nullptr;
};

class channel_core {
 public:
  // Throws std::length_error if a ring of `capacity` elements cannot be.
  channel_core(const element_ops& ops, std::size_t capacity);
  ~channel_core();
  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;

  // ok, closed or timeout; parks, throws cancelled. The slot is filled or emptied exactly if it returns ok. `Bytes` is
  // the element's quick_bytes (element.hpp).
  template <std::size_t Bytes>
  channel_status send(void* slot, deadline until);
  template <std::size_t Bytes>
  channel_status receive(void* slot, deadline until);
  // ok, closed, and empty or full.
  channel_status try_run(direction way, void* slot) noexcept;

  // Wakes everyone who waits. False if it was closed already.
  bool close() noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  // Whether the ring holds an element of these very bytes; for elements without ops.
  [[nodiscard]] bool holds(const void* element) const noexcept;

  // --- For select.cpp, which holds the locks of several.
  void lock() const noexcept WEFT_ACQUIRE(lock_) { lock_.lock(); }
  void unlock() const noexcept WEFT_RELEASE(lock_) { lock_.unlock(); }
  // A look without claiming: false means that attempt_locked would have to wait.
  [[nodiscard]] bool may_proceed(direction way) const noexcept WEFT_REQUIRES(lock_) {
    if (closed_) return true;
    return way == direction::send ? size_ < capacity_ || !receivers_.empty() : size_ > 0 || !senders_.empty();
  }
  attempt attempt_locked(direction way, void* slot) noexcept WEFT_REQUIRES(lock_);
  void finish(const attempt& done) const noexcept WEFT_EXCLUDES(lock_);
  void enqueue(direction way, channel_waiter& node) noexcept WEFT_REQUIRES(lock_) { waiters(way).push_back(node); }
  void dequeue(direction way, channel_waiter& node) noexcept WEFT_EXCLUDES(lock_);

 private:
  template <direction Way, std::size_t Bytes>
  channel_status hand_over_or_wait(waiter& self, void* slot, deadline until) WEFT_RELEASE(lock_);
  template <direction Way>
  channel_status run_locked(waiter& self, void* slot, deadline until) WEFT_RELEASE(lock_);
  template <direction Way>
  channel_status wait(waiter& self, void* slot, deadline until) WEFT_RELEASE(lock_);
  attempt attempt_either(direction way, void* slot) noexcept WEFT_REQUIRES(lock_);
  void hand_over(const attempt& done) const noexcept WEFT_EXCLUDES(lock_);
  attempt attempt_send(void* slot) noexcept WEFT_REQUIRES(lock_);
  attempt attempt_receive(void* slot) noexcept WEFT_REQUIRES(lock_);
  channel_waiter* claim(direction way, wake_reason reason, claimed& won) noexcept WEFT_REQUIRES(lock_);
  wait_list& waiters(direction way) noexcept WEFT_REQUIRES(lock_) {
    return way == direction::send ? senders_ : receivers_;
  }

  template <std::size_t Bytes>
  [[nodiscard]] void* slot_of(std::size_t place) const noexcept;
  template <std::size_t Bytes>
  void put_back(void* from) noexcept WEFT_REQUIRES(lock_);
  template <std::size_t Bytes>
  void take_front(void* to) noexcept WEFT_REQUIRES(lock_);

  // Constant.
  const element_ops& ops_;
  const std::size_t capacity_;
  std::byte* const ring_;

  mutable internal_lock lock_;
  // Guarded by lock_.
  bool closed_ WEFT_GUARDED_BY(lock_) = false;
  std::size_t front_ WEFT_GUARDED_BY(lock_) = 0;  // the oldest element's place
  std::size_t size_ WEFT_GUARDED_BY(lock_) = 0;
  wait_list receivers_ WEFT_GUARDED_BY(lock_);
  wait_list senders_ WEFT_GUARDED_BY(lock_);
};

[[noreturn]] void throw_sent_on_closed();
[[noreturn]] void throw_closed_twice();
[[noreturn]] void throw_nil_channel(const char* call);

}  // namespace weft::detail

#pragma GCC visibility pop
