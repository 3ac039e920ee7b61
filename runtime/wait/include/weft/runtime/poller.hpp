#pragma once
// Room: runtime. The seam through which readiness comes in. The runtime names no descriptor: netpoll implements this on
// epoll (or kqueue), installs itself when the first descriptor is opened, and tests install a fake.
//
// At most one thread at a time is inside poll(), by the runtime's poll turn (poll_turn.hpp). One poller serves
// all runtimes of a process? No: each runtime has its own, made by the factory on first use, and destroyed at its end.
// Next: runtime/README.md, "Who polls".

#include <cstddef>
#include <vector>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/park.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// Wins collected by one poll, unparked by the runtime in order, oldest first. It lives in the worker, never on a
// fiber's stack. Room for what one call of epoll_wait may bring, each event waking at most a reader and a writer.
class ready_batch {
 public:
  static constexpr std::size_t k_capacity = 256;

  void add(claimed won) noexcept { won_[size_++] = won; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t room() const noexcept { return limit_ - size_; }
  [[nodiscard]] const claimed* begin() const noexcept { return won_; }
  [[nodiscard]] const claimed* end() const noexcept { return won_ + size_; }
  void clear() noexcept {
    size_ = 0;
    limit_ = k_capacity;
  }
  // Until the next clear it has room for no more than `most`; it is empty now.
  void limit_to(std::size_t most) noexcept { limit_ = most < k_capacity ? most : k_capacity; }

 private:
  std::size_t size_ = 0;
  std::size_t limit_ = k_capacity;
  claimed won_[k_capacity];
};

class poller {
 public:
  poller() = default;
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  virtual ~poller() = default;

  // Waits until something is ready, `until` has passed (deadline in the past: do not wait), or wake() was called since
  // the last return; claims whoever waits for what became ready and adds them to `ready`. Never called by two threads
  // at once.
  virtual void poll(deadline until, ready_batch& ready) noexcept = 0;

  // Any thread: makes the poll in progress, or the next one, return at once.
  virtual void wake() noexcept = 0;

  // Any thread, a hint: somebody waits for readiness, so a busy worker's look is worth its system call.
  [[nodiscard]] virtual bool has_waiters() const noexcept = 0;
};

// The calling fiber's runtime's poller; made by `make` if there is none yet (any exception of it passes through). The
// pointer is good until the runtime ends. Requires on_fiber(), and no simulation.
[[nodiscard]] poller& this_poller(std::unique_ptr<poller> (*make)());

// First line of what needs descriptors, or anything else of the system that no seed replays. Throws std::logic_error
// unless on_fiber(), and inside a simulation.
void require_poller(const char* call);
[[noreturn]] void refuse_in_simulation(const char* call);

}  // namespace weft::detail

#pragma GCC visibility pop
