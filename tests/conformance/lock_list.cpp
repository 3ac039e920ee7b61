// What [thread.lock] says of lock_guard, scoped_lock and unique_lock, and [thread.lock.algorithm] of lock and try_lock,
// with the mutexes of each world in them. shared_lock: shared_mutex_list.cpp.

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <conformance/conformance_list.hpp>
#include <conformance/crew.hpp>
#include <conformance/requirements.hpp>
#include <conformance/thrown.hpp>

namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// clang-format off
template <class World> using mutex_of = typename World::mutex;
template <class World> using timed_mutex_of = typename World::timed_mutex;
template <class World> using shared_mutex_of = typename World::shared_mutex;
// clang-format on

template <class World, class Mutex>
bool is_free(Mutex& m) {
  return elsewhere<World>([&] {
    if (!m.try_lock()) return false;
    m.unlock();
    return true;
  });
}

// It may be free and not be had: [thread.mutex.requirements.mutex].
template <class World, class Mutex>
void await_free(Mutex& m) {
  wait_until([&] { return is_free<World>(m); });
}

CONFORMANCE_LIST(lock_list, mutex_of, timed_mutex_of, shared_mutex_of);

CONFORMS(lock_list, lock_guard_holds_for_its_scope) {
  using mutex = typename World::subject;
  static_assert(std::is_same_v<typename std::lock_guard<mutex>::mutex_type, mutex>);
  static_assert(k_stays_in_place<std::lock_guard<mutex>>);
  mutex m;
  {
    const std::lock_guard lock(m);
    EXPECT_FALSE(is_free<World>(m));
  }
  await_free<World>(m);
  m.lock();
  {
    const std::lock_guard adopted(m, std::adopt_lock);
    EXPECT_FALSE(is_free<World>(m));
  }
  await_free<World>(m);
}

CONFORMS(lock_list, lock_guard_lets_go_when_an_exception_passes) {
  typename World::subject m;
  EXPECT_THROW(
      {
        const std::lock_guard lock(m);
        throw std::runtime_error("passes");
      },
      std::runtime_error);
  await_free<World>(m);
}

CONFORMS(lock_list, scoped_lock_holds_none_one_or_many) {
  using mutex = typename World::subject;
  static_assert(std::is_same_v<typename std::scoped_lock<mutex>::mutex_type, mutex>);
  static_assert(k_stays_in_place<std::scoped_lock<mutex, mutex>>);
  mutex a, b;
  typename World::mutex c;
  [[maybe_unused]] const std::scoped_lock<> none;
  {
    const std::scoped_lock all(a, b, c);
    EXPECT_FALSE(is_free<World>(a) || is_free<World>(b) || is_free<World>(c));
  }
  std::lock(a, b);
  {
    const std::scoped_lock adopted(std::adopt_lock, a, b);
    EXPECT_FALSE(is_free<World>(a) || is_free<World>(b));
  }
  await_free<World>(a);
  await_free<World>(b);
  await_free<World>(c);
}

// --- [thread.lock.unique]

CONFORMS(lock_list, unique_lock_holds_defers_tries_and_adopts) {
  using mutex = typename World::subject;
  using lock = std::unique_lock<mutex>;
  static_assert(std::is_same_v<typename lock::mutex_type, mutex>);
  static_assert(k_moves_alone<lock> && std::is_nothrow_default_constructible_v<lock>);
  static_assert(!std::is_convertible_v<lock, bool> && std::is_constructible_v<bool, lock>);
  mutex m;
  {
    lock held(m);
    EXPECT_TRUE(held.owns_lock() && held);
    EXPECT_EQ(held.mutex(), &m);
    EXPECT_FALSE(is_free<World>(m));
    EXPECT_FALSE(elsewhere<World>([&] { return lock(m, std::try_to_lock).owns_lock(); }));
    held.unlock();
    EXPECT_FALSE(held);
    await_free<World>(m);
    held.lock();
  }
  lock later(m, std::defer_lock);
  EXPECT_FALSE(later);
  await_free<World>(m);
  wait_until([&] { return later.try_lock(); });
  later.release();
  const lock adopted(m, std::adopt_lock);
  EXPECT_TRUE(adopted.owns_lock());
}

CONFORMS(lock_list, unique_lock_refuses_what_cannot_be) {
  using lock = std::unique_lock<typename World::subject>;
  typename World::subject m;
  lock none, held(m);
  EXPECT_EQ(none.mutex(), nullptr);
  EXPECT_EQ(code_thrown_by([&] { return none.lock(), 0; }), std::errc::operation_not_permitted);
  EXPECT_EQ(code_thrown_by([&] { return none.try_lock(); }), std::errc::operation_not_permitted);
  EXPECT_EQ(code_thrown_by([&] { return none.unlock(), 0; }), std::errc::operation_not_permitted);
  EXPECT_EQ(code_thrown_by([&] { return held.lock(), 0; }), std::errc::resource_deadlock_would_occur);
  EXPECT_EQ(code_thrown_by([&] { return held.try_lock(); }), std::errc::resource_deadlock_would_occur);
  held.unlock();
  EXPECT_EQ(code_thrown_by([&] { return held.unlock(), 0; }), std::errc::operation_not_permitted);
}

CONFORMS(lock_list, unique_lock_moves_swaps_and_releases) {
  using lock = std::unique_lock<typename World::subject>;
  typename World::subject m, n;
  lock a(m), b(std::move(a));
  EXPECT_FALSE(a.owns_lock());
  EXPECT_EQ(a.mutex(), nullptr);
  EXPECT_EQ(b.mutex(), &m);
  lock c(n);
  c = std::move(b);  // lets go of n
  EXPECT_TRUE(c.owns_lock());
  await_free<World>(n);
  lock d;
  swap(c, d);
  EXPECT_EQ(d.mutex(), &m);
  c.swap(d);
  EXPECT_EQ(c.release(), &m);
  EXPECT_FALSE(c.owns_lock());
  EXPECT_FALSE(is_free<World>(m));
  m.unlock();
}

CONFORMANCE_LIST(timed_lock_list, timed_mutex_of);

CONFORMS(timed_lock_list, unique_lock_takes_limits) {
  using lock = std::unique_lock<typename World::subject>;
  typename World::subject m;
  {
    lock held(m, std::chrono::hours(1));
    EXPECT_TRUE(held);
    EXPECT_EQ(code_thrown_by([&] { return held.try_lock_for(milliseconds(0)); }),
              std::errc::resource_deadlock_would_occur);
    on_threads<World>(1, [&](int) {
      EXPECT_FALSE(lock(m, milliseconds(0)));
      EXPECT_FALSE(lock(m, steady_clock::now()));
      lock tried(m, std::defer_lock);
      EXPECT_FALSE(tried.try_lock_for(milliseconds(1)));
      EXPECT_FALSE(tried.try_lock_until(steady_clock::now() + milliseconds(1)));
    });
  }
  EXPECT_TRUE(lock(m, steady_clock::now() + std::chrono::hours(1)));
  lock none;
  EXPECT_EQ(code_thrown_by([&] { return none.try_lock_for(milliseconds(0)); }), std::errc::operation_not_permitted);
  EXPECT_EQ(code_thrown_by([&] { return none.try_lock_until(steady_clock::now()); }),
            std::errc::operation_not_permitted);
}

// --- [thread.lock.algorithm]

CONFORMS(lock_list, try_lock_says_which_one_it_could_not_have_and_holds_none) {
  typename World::subject a, b, c;
  wait_until([&] { return std::try_lock(a, b, c) == -1; });
  EXPECT_FALSE(is_free<World>(a) || is_free<World>(b) || is_free<World>(c));
  a.unlock();
  c.unlock();
  wait_until([&] { return elsewhere<World>([&] { return std::try_lock(a, b, c); }) == 1; });
  await_free<World>(a);
  await_free<World>(c);
  b.unlock();
}

CONFORMS(lock_list, lock_takes_several_in_any_order_without_deadlock) {
  typename World::subject a, b, c;
  int counted = 0;
  on_threads<World>(3, [&](int i) {
    for (int round = 0; round < 100; ++round) {
      if (i == 0) std::lock(a, b, c);
      if (i == 1) std::lock(c, b, a);
      if (i == 2) std::lock(b, a, c);
      const std::scoped_lock held(std::adopt_lock, a, b, c);
      const int before = counted;
      if (round % 16 == 0) World::yield();
      counted = before + 1;
    }
  });
  EXPECT_EQ(counted, 300);
}

struct refuses {
  void lock() { throw std::runtime_error("refused"); }
  bool try_lock() { throw std::runtime_error("refused"); }
  void unlock() {}
};

CONFORMS(lock_list, lock_that_is_refused_lets_go_of_what_it_has) {
  typename World::subject a, b;
  refuses none;
  EXPECT_THROW(std::lock(a, none, b), std::runtime_error);
  EXPECT_THROW(std::try_lock(a, b, none), std::runtime_error);
  EXPECT_THROW(std::scoped_lock(a, b, none), std::runtime_error);
  await_free<World>(a);
  await_free<World>(b);
}

CONFORMS(lock_list, lock_takes_locks_as_well) {
  typename World::subject a, b;
  std::unique_lock first(a, std::defer_lock), second(b, std::defer_lock);
  std::lock(first, second);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(is_free<World>(a) || is_free<World>(b));
}

}  // namespace
}  // namespace weft::testing
