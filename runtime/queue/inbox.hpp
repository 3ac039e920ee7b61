#pragma once
// Room: runtime. A worker's inbox: the fibers that are pinned to it and became ready. Any thread puts one in, that
// worker alone takes them out, and nobody steals. It owns their order (oldest first) and what a sender and a worker
// that falls asleep owe each other; when the worker looks into it is worker.cpp's.
//
// What has arrived is a chain, newest first; what is due is the owner's, oldest first. The owner takes all that has
// arrived when nothing is due any more, so who comes back meanwhile waits behind all of them.
//
// "Sending home"
//   sender, on another thread                         owner, before it sleeps
//   P1 push                                           Q1 standing: running -> sleeping; or the monitor has set it to
//   P2 fence                                             out, and the owner, a spare, has seen that
//   P3 the owner's standing is running? Done          Q2 fence: announce_sleep's (S5); a spare has its own
//   P4 wake the owner                                 Q3 something has arrived? It does not sleep
//                                                     Q4 sleep, in its parker or in the poller, until it is woken
// P2 and Q2 are the two halves: either P3 sees that it no longer runs, or Q3 sees what P1 pushed. A wake that comes
// before Q4, or into the poller, is kept by the parker. So it makes no difference which seat the owner has, if any, and
// the bits of the idle set are not asked: the sleeper was not picked, and leaves the set by itself ("woken otherwise").
// The owner's own thread does P1 alone: it comes to Q3 later.
// Rejected: picking the sleeper's bit (a seat may have another worker by then, a spare has none, and the picked one
// would count as searching for all while it runs what is its own). A locked list: its holder may be preempted.
// Model: tests/model/inbox_model.cpp. Next: seating.hpp, for pinned fibers of a worker without a seat.

#include <atomic>

namespace weft::detail {

template <class Env, class T>
class inbox {
 public:
  inbox() noexcept = default;
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;

  // --- Any thread.

  // P1.
  void push(T* item) noexcept {
    T* newest = newest_.load(std::memory_order_relaxed);  // relaxed: only its value counts, as the next one's link
    do item->link = newest;
    // release: the item and its link; pairs with accept. relaxed: as above.
    while (!newest_.compare_exchange_weak(newest, item, std::memory_order_release, std::memory_order_relaxed));
  }

  // P1, P2. The caller looks at the owner's standing afterwards.
  void send(T* item) noexcept {
    push(item);
    Env::fence();  // the item before the owner's standing: pairs with the fence of Q2
  }

  // All that has arrived, newest first: for who sends each back ("Looking at the ready", ready_look.hpp).
  [[nodiscard]] T* take_arrived() noexcept {
    return newest_.exchange(nullptr, std::memory_order_acquire);  // acquire: all that was pushed; pairs with push
  }

  // A hint; exact for the owner at Q3.
  [[nodiscard]] bool has_arrived() const noexcept {
    return newest_.load(std::memory_order_relaxed) != nullptr;  // relaxed: after the owner's fence
  }

  // --- The owner, at home.

  [[nodiscard]] T* take() noexcept {
    if (due_ == nullptr && has_arrived()) accept();
    T* const item = due_;
    if (item != nullptr) due_ = item->link;
    return item;
  }
  // More of those that arrived with the last one taken.
  [[nodiscard]] bool has_due() const noexcept { return due_ != nullptr; }
  [[nodiscard]] bool has_any() const noexcept { return has_due() || has_arrived(); }

 private:
  void accept() noexcept {
    T* item = take_arrived();
    while (item != nullptr) {
      T* const older = item->link;
      item->link = due_;
      due_ = item;
      item = older;
    }
  }

  typename Env::template atomic<T*> newest_{nullptr};
  T* due_ = nullptr;
};

}  // namespace weft::detail
