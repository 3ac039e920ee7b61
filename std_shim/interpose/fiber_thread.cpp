// std_shim, interpose. See fiber_thread.hpp.

#include "fiber_thread.hpp"

#include <cerrno>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/at_end.hpp>
#include <weft/runtime/detail/foreign_call.hpp>

#include "ground.hpp"
#include "time_limit.hpp"
#include "wanted_words.hpp"

namespace weft::interpose {

namespace {

constexpr std::size_t k_most = 1u << 18;

// Addresses alone, until they are used.
struct table {
  detail::internal_lock lock;
  fiber_thread* all = nullptr;         // any thread, constant once it is there
  std::size_t used = 0;                // guarded by lock
  fiber_thread* first_free = nullptr;  // guarded by lock
  std::size_t running = 0;             // guarded by lock
  bool main_waits = false;             // guarded by lock
  event none_left;
};

// Never destroyed: threads go on while exit runs.
union kept_table {
  table value;
  constexpr kept_table() : value{} {}
  ~kept_table() {}
};
constinit kept_table g_kept{};
table& g_table = g_kept.value;

constexpr int k_not_asked = 0, k_threads = 1, k_fibers = 2;
constinit int g_kept_answer = k_not_asked;

void keep(detail::local_value*) noexcept {}
constexpr detail::local_type k_thread{&keep, nullptr};

std::uint64_t local_key() noexcept {
  static const std::uint64_t key = detail::take_local_key();
  return key;
}

fiber_thread* reserve() noexcept {
  void* const place = ::mmap(nullptr, k_most * sizeof(fiber_thread), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place == MAP_FAILED ? nullptr : static_cast<fiber_thread*>(place);
}

// Under the lock.
fiber_thread* free_block() noexcept {
  if (fiber_thread* const again = g_table.first_free) {
    g_table.first_free = again->next_free;
    return again;
  }
  if (g_table.used == 0) __atomic_store_n(&g_table.all, reserve(), __ATOMIC_RELEASE);  // pairs with thread_of
  return g_table.all != nullptr && g_table.used < k_most ? g_table.all + g_table.used++ : nullptr;
}

// Under the lock.
void put_back(fiber_thread& gone) noexcept {
  gone.is_live = false;
  gone.next_free = g_table.first_free;
  g_table.first_free = &gone;
}

void give_back(fiber_thread& gone) noexcept {
  const detail::internal_guard held(g_table.lock);
  put_back(gone);
}

// J1: 0, or why it cannot be joined.
int begin_join(fiber_thread& thread) noexcept {
  const live_thread there(thread);
  if (!there) return ESRCH;
  if (thread.is_detached || thread.is_joined) return EINVAL;
  if (&thread == this_fiber_thread()) return EDEADLK;
  thread.is_joined = true;
  return 0;
}

// J3, or a join that gave up.
int end_join(fiber_thread& thread, void** result, bool has_ended) noexcept {
  if (has_ended && result != nullptr) *result = thread.result;
  const detail::internal_guard held(g_table.lock);
  if (has_ended)
    put_back(thread);
  else
    thread.is_joined = false;
  return has_ended ? 0 : ETIMEDOUT;
}

}  // namespace

// A word, and no static local: who asks first may be a sanitizer's runtime, which cannot yet be asked for the guard of
// one; nor is there an environment to read yet, perhaps: then the answer is not kept.
bool threads_are_fibers() noexcept {
  const int known = __atomic_load_n(&g_kept_answer, __ATOMIC_RELAXED);  // relaxed: all find the same
  if (known != k_not_asked) [[likely]]
    return known == k_fibers;
  const bool answer = asks_for("main");
  if (::environ != nullptr) __atomic_store_n(&g_kept_answer, answer ? k_fibers : k_threads, __ATOMIC_RELAXED);
  return answer;
}

fiber_thread::fiber_thread() noexcept : detail::local_value{&k_thread, local_key()} {}

detail::internal_lock& live_thread::lock() noexcept { return g_table.lock; }

fiber_thread* thread_of(pthread_t handle) noexcept {
  const auto* const all = __atomic_load_n(&g_table.all, __ATOMIC_ACQUIRE);  // pairs with the release of free_block
  auto* const thread = reinterpret_cast<fiber_thread*>(handle);
  return all != nullptr && thread >= all && thread < all + k_most ? thread : nullptr;
}

fiber_thread* this_fiber_thread() noexcept {
  if (!threads_are_fibers() || !detail::on_fiber()) return nullptr;
  return static_cast<fiber_thread*>(detail::find_local(local_key()));
}

fiber_thread* take_thread() noexcept {
  const detail::internal_guard held(g_table.lock);
  fiber_thread* const place = free_block();
  if (place == nullptr) return nullptr;
  auto* const fresh = new (place) fiber_thread;
  fresh->is_live = true;
  ++g_table.running;
  return fresh;
}

void give_back_thread(fiber_thread* thread) noexcept {
  const detail::internal_guard held(g_table.lock);
  put_back(*thread);
  --g_table.running;
}

void end_thread(fiber_thread& thread) noexcept {
  bool is_last = false, was_detached = false;
  {
    const detail::internal_guard held(g_table.lock);
    thread.has_ended = true;
    was_detached = thread.is_detached;
    if (was_detached) put_back(thread);
    is_last = --g_table.running == 0 && g_table.main_waits;
  }
  if (!was_detached) thread.done.set();
  if (is_last) g_table.none_left.set();
}

// The block is the oldest of the fiber's values, and so there for all who are destroyed at its end, its keys' values
// above all.
void run_as_thread(fiber_thread& thread, void (*body)(fiber_thread&)) {
  detail::add_local(&thread);
  if (!thread.is_main)
    detail::call_at_end([](void* ending) noexcept { end_thread(*static_cast<fiber_thread*>(ending)); }, &thread);
  {
    const live_thread held(thread);
    const detail::foreign_caller here = detail::this_foreign_caller();
    thread.stack_bottom = here.stack_bottom;
    thread.stack_top = here.stack_top;
  }
  try {
    body(thread);
  } catch (const thread_exit& with) {
    thread.result = with.value;
  }
}

int join_fiber(fiber_thread& thread, void** result, clockid_t clock, const timespec* until) noexcept {
  const time_limit limit(clock, until);
  if (!limit.is_valid()) return EINVAL;
  if (const int error = begin_join(thread); error != 0) return error;
  const shield_guard held;
  bool has_ended = thread.done.wait_until(limit.until());
  while (!has_ended && !limit.is_over()) has_ended = thread.done.wait_until(limit.until());  // the clock was set back
  return end_join(thread, result, has_ended);
}

int try_join_fiber(fiber_thread& thread, void** result) noexcept {
  if (const int error = begin_join(thread); error != 0) return error;
  return end_join(thread, result, thread.done.is_set()) == 0 ? 0 : EBUSY;
}

int detach_fiber(fiber_thread& thread) noexcept {
  {
    const live_thread there(thread);
    if (!there) return ESRCH;
    if (thread.is_detached || thread.is_joined) return EINVAL;
    thread.is_detached = true;
    if (!thread.has_ended) return 0;
  }
  const shield_guard held;
  thread.done.wait();
  give_back(thread);
  return 0;
}

void wait_for_other_threads() noexcept {
  {
    const detail::internal_guard held(g_table.lock);
    if (g_table.running == 0) return;
    g_table.main_waits = true;
  }
  const shield_guard held;
  g_table.none_left.wait();
}

}  // namespace weft::interpose
