#pragma once
// Room: tests. The Env of the model tests: the protocols of runtime and netpoll are templates on it, and here every
// atomic operation is Relacy's, which explores interleavings and, for each load, the values that the memory model
// lets it see.
//
// A mutation weakens all of a protocol at once: `model_env<no_fence>` is the same code without its fences. A protocol
// that still passes with a mutation does not need what was taken away, or its model does not show why.
// Relacy comes last of all headers: what it defines as macros is taken back below.
// Next: search.hpp, which runs a model and its mutants.

#include <atomic>
#include <cstdint>
#include <limits>

#include <relacy/relacy.hpp>

#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

namespace weft::model {

using order = std::memory_order;

// --- Mutations.

struct faithful {
  static constexpr bool k_fences = true;
  static constexpr bool k_torn_cas = false;
  static constexpr order weaken(order o) { return o; }
};

struct no_fence : faithful {
  static constexpr bool k_fences = false;
};

// A compare-and-swap that is a load, a comparison and a store.
struct torn_cas : faithful {
  static constexpr bool k_torn_cas = true;
};

struct no_release : faithful {
  static constexpr order weaken(order o) {
    if (o == order::release) return order::relaxed;
    return o == order::acq_rel ? order::acquire : o;
  }
};

struct no_acquire : faithful {
  static constexpr order weaken(order o) {
    if (o == order::acquire) return order::relaxed;
    return o == order::acq_rel ? order::release : o;
  }
};

// What was seq_cst still hands over, but is no longer part of the one total order.
struct no_seq_cst : faithful {
  static constexpr order weaken(order o) { return o == order::seq_cst ? order::acq_rel : o; }
};

// --- The adapter.

enum class access { load, store, update };

// acq_rel on a load is its acquire half, on a store its release half, as a failed compare-and-swap has it.
template <access Access>
constexpr rl::memory_order to_relacy(order o) {
  if (o == order::seq_cst) return rl::mo_seq_cst;
  if (o == order::relaxed) return rl::mo_relaxed;
  if (Access == access::load) return o == order::release ? rl::mo_relaxed : rl::mo_acquire;
  if (Access == access::store) return o == order::acquire ? rl::mo_relaxed : rl::mo_release;
  if (o == order::acq_rel) return rl::mo_acq_rel;
  return o == order::acquire ? rl::mo_acquire : rl::mo_release;
}

template <class T, class Mutation>
class atomic {
 public:
  atomic() : atomic(T()) {}
  atomic(T value) { impl_.store(value, rl::mo_relaxed, {}); }  // NOLINT: as std::atomic

  T load(order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    return impl_.load(to_relacy<access::load>(Mutation::weaken(o)), at(file, line));
  }
  void store(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    impl_.store(value, to_relacy<access::store>(Mutation::weaken(o)), at(file, line));
  }
  T exchange(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return impl_.exchange(value, rmw(o), at(file, line));
  }
  T fetch_add(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return impl_.fetch_add(value, rmw(o), at(file, line));
  }
  T fetch_sub(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return impl_.fetch_sub(value, rmw(o), at(file, line));
  }
  T fetch_and(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return impl_.fetch_and(value, rmw(o), at(file, line));
  }
  T fetch_or(T value, order o, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return impl_.fetch_or(value, rmw(o), at(file, line));
  }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure, const char* file = __builtin_FILE(),
                             int line = __builtin_LINE()) {
    if (Mutation::k_torn_cas) return torn(expected, desired, success, file, line);
    return impl_.compare_exchange_weak(expected, desired, rmw(success), at(file, line), on_failure(success, failure),
                                       at(file, line));
  }
  bool compare_exchange_strong(T& expected, T desired, order success, order failure,
                               const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (Mutation::k_torn_cas) return torn(expected, desired, success, file, line);
    return impl_.compare_exchange_strong(expected, desired, rmw(success), at(file, line), on_failure(success, failure),
                                         at(file, line));
  }

 private:
  static rl::debug_info at(const char* file, int line) { return {"", file, static_cast<unsigned>(line)}; }
  static rl::memory_order rmw(order o) { return to_relacy<access::update>(Mutation::weaken(o)); }

  // Relacy wants a failure order that is not stronger than the other; a mutation may have weakened one of them alone.
  static rl::memory_order on_failure(order success, order failure) {
    const rl::memory_order s = to_relacy<access::load>(Mutation::weaken(success));
    const rl::memory_order f = to_relacy<access::load>(Mutation::weaken(failure));
    return f < s ? f : s;
  }

  bool torn(T& expected, T desired, order success, const char* file, int line) {
    const T seen = load(success, file, line);
    if (seen != expected) {
      expected = seen;
      return false;
    }
    store(desired, success, file, line);
    return true;
  }

  mutable rl::atomic<T> impl_;
};

template <class Mutation = faithful>
struct model_env {
  template <class T>
  using atomic = model::atomic<T, Mutation>;

  static void fence(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (Mutation::k_fences)
      rl::atomic_thread_fence(rl::mo_seq_cst, rl::debug_info("", file, static_cast<unsigned>(line)));
  }
};

// --- What models are made of, beside atomics.

// Plain memory: two accesses without an order between them, one of them a write, fail the model as a data race.
template <class T>
class plain {
 public:
  explicit plain(T value) : impl_(value) {}
  T get(const char* file = __builtin_FILE(), int line = __builtin_LINE()) const {
    return impl_(rl::debug_info("", file, static_cast<unsigned>(line))).load();
  }
  void set(T value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    impl_(rl::debug_info("", file, static_cast<unsigned>(line))).store(value);
  }

 private:
  rl::var<T> impl_;
};

// What a thread sleeps on. Relacy fails a model in which all that are left sleep: so a lost wake-up is a deadlock.
class bell {
 public:
  bell() { impl_.init(false, 0, 1000, {}); }
  ~bell() { impl_.deinit({}); }
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;

  void ring() {
    unsigned before = 0;
    impl_.post(1, before, {});
  }
  void wait() { impl_.wait(false, false, {}); }
  // False: it was for nothing, as when a deadline passes.
  bool wait_a_while() { return impl_.wait(false, true, {}) == rl::sema_wakeup_reason_success; }

 private:
  rl::semaphore<bell> impl_;
};

// Lets others run, for about so many steps.
inline void pause(unsigned steps) {
  for (unsigned i = 0; i != steps; ++i) rl::yield(1, {});
}

}  // namespace weft::model
