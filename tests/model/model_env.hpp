#pragma once
// Room: tests. The Env of the model tests: the protocols of runtime and netpoll are templates on it, and here every
// atomic operation is Relacy's, which explores interleavings and, for each load, the values that the memory model
// lets it see.
//
// A mutation weakens all of a protocol at once: `model_env<no_fence>` is the same code without its fences. A protocol
// that still passes with a mutation does not need what was taken away, or its model does not show why.
// Relacy comes last of all headers: what it defines as macros is taken back below.
// Next: search.hpp, which runs a model and its mutants.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
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

// Where in the product an operation stands.
struct site {
  const char* file;
  int line;
  const char* function;
  static constexpr site here(const char* file = __builtin_FILE(), int line = __builtin_LINE(),
                             const char* function = __builtin_FUNCTION()) {
    return {file, line, function};
  }
  rl::debug_info info() const { return {function, file, static_cast<unsigned>(line)}; }
};

// --- Mutations.

struct faithful {
  static constexpr bool k_fences = true;
  static constexpr bool k_light_fences = true;
  static constexpr bool k_heavy_fences = true;
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

// An asymmetric fence with one half left out.
struct no_light_fence : faithful {
  static constexpr bool k_light_fences = false;
};
struct no_heavy_fence : faithful {
  static constexpr bool k_heavy_fences = false;
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

// The mutation in one step of a protocol alone, the function of that name: shows that this very order is needed.
template <std::size_t Size>
struct step_name {
  char text[Size] = {};
  constexpr step_name(const char (&name)[Size]) { std::copy(name, name + Size, text); }  // NOLINT: a string's stand-in
  bool is(const char* function) const { return std::strcmp(text, function) == 0; }
};

template <class Mutation, step_name Step>
struct only_in : Mutation {
  static order weaken(order o, const site& at) { return Step.is(at.function) ? Mutation::weaken(o) : o; }
};

template <class Mutation>
order weaken(order o, const site& at) {
  if constexpr (requires { Mutation::weaken(o, at); })
    return Mutation::weaken(o, at);
  else
    return Mutation::weaken(o);
}

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

  T load(order o, site at = site::here()) const {
    return impl_.load(to_relacy<access::load>(weaken<Mutation>(o, at)), at.info());
  }
  void store(T value, order o, site at = site::here()) {
    impl_.store(value, to_relacy<access::store>(weaken<Mutation>(o, at)), at.info());
  }
  T exchange(T value, order o, site at = site::here()) { return impl_.exchange(value, rmw(o, at), at.info()); }
  T fetch_add(T value, order o, site at = site::here()) { return impl_.fetch_add(value, rmw(o, at), at.info()); }
  T fetch_sub(T value, order o, site at = site::here()) { return impl_.fetch_sub(value, rmw(o, at), at.info()); }
  T fetch_and(T value, order o, site at = site::here()) { return impl_.fetch_and(value, rmw(o, at), at.info()); }
  T fetch_or(T value, order o, site at = site::here()) { return impl_.fetch_or(value, rmw(o, at), at.info()); }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure, site at = site::here()) {
    if (Mutation::k_torn_cas) return torn(expected, desired, success, at);
    const rl::memory_order on_failure = failure_order(success, failure, at);
    return impl_.compare_exchange_weak(expected, desired, rmw(success, at), at.info(), on_failure, at.info()) ||
           look_again(expected, failure, on_failure, at);
  }
  bool compare_exchange_strong(T& expected, T desired, order success, order failure, site at = site::here()) {
    if (Mutation::k_torn_cas) return torn(expected, desired, success, at);
    const rl::memory_order on_failure = failure_order(success, failure, at);
    return impl_.compare_exchange_strong(expected, desired, rmw(success, at), at.info(), on_failure, at.info()) ||
           look_again(expected, failure, on_failure, at);
  }

  // As a futex: sleeps unless the word holds something else, until somebody wakes it. An update reads what was written
  // last; no fence beside it, or it would stand for those of the protocol.
  void wait_while(T expected, site at = site::here()) {
    rl::context& c = rl::ctx();
    c.sched();
    T seen = T();
    {
      const rl::preemption_disabler until_it_sleeps(c);
      seen = impl_.fetch_add(0, rl::mo_acquire, at.info());
    }
    if (seen == expected) impl_.wait(c, false, false, at.info());
  }
  void wake_one(site at = site::here()) {
    rl::context& c = rl::ctx();
    c.sched();
    impl_.wake(c, 1, at.info());
  }

 private:
  static rl::memory_order rmw(order o, const site& at) { return to_relacy<access::update>(weaken<Mutation>(o, at)); }

  // Relacy wants a failure order that is not stronger than the other, as standards before C++17 did.
  static rl::memory_order failure_order(order success, order failure, const site& at) {
    const rl::memory_order s = to_relacy<access::load>(weaken<Mutation>(success, at));
    const rl::memory_order f = to_relacy<access::load>(weaken<Mutation>(failure, at));
    return f < s ? f : s;
  }

  // What was failed with too weak an order is loaded again with the one that was meant.
  bool look_again(T& expected, order failure, rl::memory_order had, const site& at) {
    if (had < to_relacy<access::load>(weaken<Mutation>(failure, at))) expected = load(failure, at);
    return false;
  }

  bool torn(T& expected, T desired, order success, const site& at) {
    const T seen = load(success, at);
    if (seen != expected) {
      expected = seen;
      return false;
    }
    store(desired, success, at);
    return true;
  }

  mutable rl::atomic<T> impl_;
};

template <class Mutation = faithful>
struct model_env {
  template <class T>
  using atomic = model::atomic<T, Mutation>;

  static void fence(site at = site::here()) {
    if (Mutation::k_fences) full_fence(at);
  }
  // The two halves of an asymmetric fence, as a full one each.
  static void light_fence(site at = site::here()) {
    if (Mutation::k_light_fences) full_fence(at);
  }
  static void heavy_fence(site at = site::here()) {
    if (Mutation::k_heavy_fences) full_fence(at);
  }

 private:
  static void full_fence(const site& at) { rl::atomic_thread_fence(rl::mo_seq_cst, at.info()); }
};

// With one function of the protocol weakened, and all others as they are.
template <class Mutation, step_name Step>
using weakened = model_env<only_in<Mutation, Step>>;

// --- What models are made of, beside atomics.

// Plain memory: two accesses without an order between them, one of them a write, fail the model as a data race.
template <class T>
class plain {
 public:
  explicit plain(T value) : impl_(value) {}
  T get(site at = site::here()) const { return impl_(at.info()).load(); }
  void set(T value, site at = site::here()) { impl_(at.info()).store(value); }

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

// An internal_lock, as the models see it: what is done under it is in some order.
class lock {
 public:
  void acquire() { impl_.lock({}); }
  void release() { impl_.unlock({}); }

 private:
  rl::mutex impl_;
};

class guard {
 public:
  explicit guard(lock& held) : held_(held) { held_.acquire(); }
  ~guard() { held_.release(); }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

 private:
  lock& held_;
};

// Lets others run, for about so many steps.
inline void pause(unsigned steps) {
  for (unsigned i = 0; i != steps; ++i) rl::yield(1, {});
}

}  // namespace weft::model
