// Room: std_shim. The library weft_held_locks: which locks of pthreads (those under std::mutex, std::shared_mutex, ...)
// each thread holds. It takes libc's names, and so works only where it is found before libc:
//
//   LD_PRELOAD=libweft_held_locks.so ./program              with a debug build of weft, which asks it at each parking
//
// It knows nothing of weft, and is a library of its own, so that nobody counts locks who did not ask for it. What waits
// on a condition variable is left as it was: it blocks its thread, and has the lock again when it goes on.
//
// If nobody can ask it, it says so once, on stderr, and does not let a silent program pass for a sound one. A shared
// libweft of a release build is seen when the process begins. One that is linked into the program, or loaded later,
// shows only by asking: whether it did is known at the end of the process.
// Who asks: runtime/fiber/held_locks.cpp.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>

namespace {

struct held_lock {
  const void* lock;
  const void* taken_at;
  bool was_told;
};

// The calling thread's. Locks beyond what it has room for are not known.
class held_locks {
 public:
  void add(const void* lock, const void* taken_at) noexcept {
    if (size_ < k_most) all_[size_++] = {lock, taken_at, false};
  }

  // The newest of that address: a recursive one is held more than once.
  void remove(const void* lock) noexcept {
    for (std::size_t i = size_; i-- > 0;) {
      if (all_[i].lock != lock) continue;
      for (--size_; i < size_; ++i) all_[i] = all_[i + 1];
      return;
    }
  }

  [[nodiscard]] held_lock* first_untold() noexcept {
    for (std::size_t i = 0; i < size_; ++i)
      if (!all_[i].was_told) return &all_[i];
    return nullptr;
  }

 private:
  static constexpr std::size_t k_most = 32;
  held_lock all_[k_most];
  std::size_t size_;
};

// Zero at first. No fiber is exchanged while any function here runs.
[[gnu::tls_model("initial-exec")]] thread_local constinit held_locks t_held{};

// Libc's own. Two threads may both look for it, and find the same.
void* real(std::atomic<void*>& found, const char* name) noexcept {
  void* function = found.load(std::memory_order_relaxed);  // relaxed: code is there for everybody
  if (function == nullptr) {
    function = ::dlsym(RTLD_NEXT, name);
    found.store(function, std::memory_order_relaxed);  // relaxed: as above
  }
  return function;
}

// Set by whoever asks, on any thread.
std::atomic<bool> was_asked{false};

// A libweft was seen when the process began, and what is to be said of it was said. Constant from then on.
bool was_seen = false;

[[gnu::constructor]] void say_if_nobody_will_ask() noexcept {
  // Of a libweft that is loaded as a shared library: whether it asks.
  const auto* const asks = static_cast<const bool*>(::dlsym(RTLD_DEFAULT, "weft_asks_for_held_locks"));
  was_seen = asks != nullptr;
  if (!was_seen || *asks) return;
  std::fputs(
      "weft: libweft_held_locks has nothing to do: this libweft was built without owner tracking; use one that was "
      "built with -Dbuildtype=debug\n",
      stderr);
}

[[gnu::destructor]] void say_if_nobody_asked() noexcept {
  // relaxed: who asked did so before the process came to its end
  if (was_seen || was_asked.load(std::memory_order_relaxed)) return;
  std::fputs(
      "weft: libweft_held_locks had nothing to do: no fiber parked of a libweft that was built with owner tracking "
      "(-Dbuildtype=debug), or there is no libweft in this program\n",
      stderr);
}

int note(int outcome, const void* lock, const void* taken_at) noexcept {
  if (outcome == 0 || outcome == EOWNERDEAD) t_held.add(lock, taken_at);
  return outcome;
}

}  // namespace

// libc's names, and what runtime asks for.
#pragma GCC visibility push(default)

#define WEFT_REAL(name) reinterpret_cast<decltype(&::name)>(real(found, #name))

#define WEFT_TAKES(name, parameters, ...)                                              \
  extern "C" int name parameters noexcept {                                            \
    static std::atomic<void*> found{nullptr};                                          \
    return note(WEFT_REAL(name)(lock __VA_ARGS__), lock, __builtin_return_address(0)); \
  }

#define WEFT_GIVES_BACK(name, type)           \
  extern "C" int name(type* lock) noexcept {  \
    static std::atomic<void*> found{nullptr}; \
    t_held.remove(lock);                      \
    return WEFT_REAL(name)(lock);             \
  }

WEFT_TAKES(pthread_mutex_lock, (pthread_mutex_t * lock))
WEFT_TAKES(pthread_mutex_trylock, (pthread_mutex_t * lock))
WEFT_TAKES(pthread_mutex_timedlock, (pthread_mutex_t * lock, const timespec* until), , until)
WEFT_TAKES(pthread_mutex_clocklock, (pthread_mutex_t * lock, clockid_t clock, const timespec* until), , clock, until)
WEFT_GIVES_BACK(pthread_mutex_unlock, pthread_mutex_t)

WEFT_TAKES(pthread_rwlock_rdlock, (pthread_rwlock_t * lock))
WEFT_TAKES(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock))
WEFT_TAKES(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, const timespec* until), , until)
WEFT_TAKES(pthread_rwlock_clockrdlock, (pthread_rwlock_t * lock, clockid_t clock, const timespec* until), , clock,
           until)
WEFT_TAKES(pthread_rwlock_wrlock, (pthread_rwlock_t * lock))
WEFT_TAKES(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock))
WEFT_TAKES(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, const timespec* until), , until)
WEFT_TAKES(pthread_rwlock_clockwrlock, (pthread_rwlock_t * lock, clockid_t clock, const timespec* until), , clock,
           until)
WEFT_GIVES_BACK(pthread_rwlock_unlock, pthread_rwlock_t)

// For runtime: where a lock was taken that the calling thread holds and that was not asked for before.
extern "C" bool weft_take_held_lock(const void** taken_at) noexcept {
  // relaxed: pairs with say_if_nobody_asked, where the process ends. Read first, so that threads share the line.
  if (!was_asked.load(std::memory_order_relaxed)) was_asked.store(true, std::memory_order_relaxed);
  held_lock* const held = t_held.first_untold();
  if (held == nullptr) return false;
  held->was_told = true;
  *taken_at = held->taken_at;
  return true;
}

#pragma GCC visibility pop
