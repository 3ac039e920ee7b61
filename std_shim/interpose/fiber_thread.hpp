#pragma once
// std_shim, interpose: WEFT_INTERPOSE=main, where each thread that the program makes is a fiber: what stands behind its
// pthread_t. A pthread_t of these is the address of its block; libc's are none of ours, and go to libc.
//
// "The end of a thread that is a fiber"
//   its fiber                                  who joins                        who detaches
//   E1 lock; has_ended; detached? unlock       J1 lock; refuse what cannot be;  D1 lock; refuse; detached; ended?
//   E2 detached: give the block back              is_joined; unlock                unlock
//   E3 else: done.set()                        J2 done.wait(): E3 has been      D2 it had ended: done.wait(), then
//                                              J3 give the block back              give the block back
// - The one that gives the block back is the last of the two: E1 and D1 are under one lock, and who comes after E1
//   waits for E3, which is the fiber's last step on the block.
// Blocks are type-stable, and not given back to the system: a stale pthread_t finds one that is free, or another's, as
// libc's does.

#include <array>
#include <csignal>
#include <cstdint>

#include <pthread.h>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/local_value.hpp>
#include <weft/sync/event.hpp>

namespace weft::interpose {

// Whether main and the threads of the program are fibers. Constant after the start; its first use may be before.
[[nodiscard]] bool threads_are_fibers() noexcept;

struct fiber_thread : detail::local_value {
  fiber_thread() noexcept;

  // Set before its fiber begins.
  void* (*start)(void*) = nullptr;
  int (*c11_start)(void*) = nullptr;  // instead of start
  void* argument = nullptr;
  std::size_t guard_size = 0;
  bool is_main = false;

  // Its own fiber's.
  void* result = nullptr;  // for who joins: ordered by done
  sigset_t mask{};         // main's is that of the process's first thread

  // Guarded by the table's lock.
  bool is_live = false;
  bool has_ended = false;
  bool is_detached = false;
  bool is_joined = false;
  std::array<char, 16> name{};
  std::uintptr_t stack_bottom = 0;  // 0: it has not begun
  std::uintptr_t stack_top = 0;
  fiber_thread* next_free = nullptr;

  event done;
};

// What pthread_exit throws.
struct thread_exit {
  void* value;
};

[[nodiscard]] inline pthread_t handle_of(const fiber_thread* thread) noexcept {
  return reinterpret_cast<pthread_t>(thread);
}
// Null: the handle is libc's.
[[nodiscard]] fiber_thread* thread_of(pthread_t handle) noexcept;
// The calling fiber's. Null: a plain thread, a fiber that the program did not make as a thread, another mode.
[[nodiscard]] fiber_thread* this_fiber_thread() noexcept;

// Null: there are too many.
[[nodiscard]] fiber_thread* take_thread() noexcept;
// Of a thread that never began.
void give_back_thread(fiber_thread* thread) noexcept;

// What a fiber of a thread runs, from its beginning to E3; main's ends itself. Throws what `body` throws, but for
// thread_exit.
void run_as_thread(fiber_thread& thread, void (*body)(fiber_thread&));
// E1 to E3.
void end_thread(fiber_thread& thread) noexcept;

// pthread_join and its like: 0, or the error. `until` null: for ever.
int join_fiber(fiber_thread& thread, void** result, clockid_t clock, const timespec* until) noexcept;
int try_join_fiber(fiber_thread& thread, void** result) noexcept;
int detach_fiber(fiber_thread& thread) noexcept;

// For a look at what the lock guards: whether the thread is there, and not gone.
class live_thread {
 public:
  explicit live_thread(fiber_thread& thread) noexcept : thread_(thread) { lock().lock(); }
  ~live_thread() { lock().unlock(); }
  live_thread(const live_thread&) = delete;
  live_thread& operator=(const live_thread&) = delete;
  [[nodiscard]] explicit operator bool() const noexcept { return thread_.is_live; }

  [[nodiscard]] static detail::internal_lock& lock() noexcept;

 private:
  fiber_thread& thread_;
};

// Parks main, which has ended, until all others have.
void wait_for_other_threads() noexcept;

}  // namespace weft::interpose
