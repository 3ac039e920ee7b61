#pragma once
// Room: runtime. A value for each fiber; on a plain thread, for each thread. What thread_local is to threads: a fiber
// that changes its thread keeps it, and a reference to it is good across switch points.
//
//   weft::fiber_local<int> depth;                                       // T() for each fiber
//   weft::fiber_local<std::mt19937> dice([] { return std::mt19937(seed()); });
//   weft::fiber_local<request_id> id(weft::inherited);                  // children begin with a copy
//   ++*depth;
//
// A value is made when its fiber first asks for it, and destroyed at the fiber's end, on the fiber's own stack: newest
// first, after the fiber's function and its arguments, before whoever joins it goes on. Cancellation is held back
// meanwhile. It is the fiber's own: no other one can reach it, and it may outlive the fiber_local, which is usually
// global. An `inherited` one is copied when the fiber that has it calls go, spawn or task_group::go, or the plain
// thread runtime::go or run: what the copy throws comes out of that call. What children do with theirs, the parent does
// not see.
//
// Using one is no switch point, unless the making of T is. A look-up goes through all values that the fiber has: for
// some, not for hundreds. In weft::blocking a value is that of the helper thread.
// Next: detail/at_end.hpp.

#include <concepts>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/local_value.hpp>
#include <weft/runtime/detail/memory.hpp>

#pragma GCC visibility push(default)

namespace weft {

struct inherited_t {
  explicit inherited_t() = default;
};
inline constexpr inherited_t inherited{};

template <class T>
class fiber_local {
 public:
  fiber_local() requires(std::default_initializable<T>) : type_(&k_own) {}
  explicit fiber_local(inherited_t) requires(std::default_initializable<T>&& std::copy_constructible<T>)
      : type_(inherited_type()) {}

  // make() is called on each fiber that asks; it must be copyable, as for std::function.
  template <class Make>
    requires(std::is_invocable_r_v<T, Make&>)
  explicit fiber_local(Make make) : make_(std::move(make)), type_(&k_own) {}
  template <class Make>
    requires(std::is_invocable_r_v<T, Make&>&& std::copy_constructible<T>)
  fiber_local(inherited_t, Make make) : make_(std::move(make)), type_(inherited_type()) {}

  fiber_local(const fiber_local&) = delete;
  fiber_local& operator=(const fiber_local&) = delete;

  // The calling fiber's, made now if it has none. Throws what making it throws, and std::bad_alloc.
  [[nodiscard]] T& get() const {
    if (detail::local_value* const there = detail::find_local(key_)) return static_cast<held&>(*there).value;
    std::unique_ptr<held> fresh = make();
    detail::add_local(fresh.get());
    return fresh.release()->value;
  }
  [[nodiscard]] T& operator*() const { return get(); }
  [[nodiscard]] T* operator->() const { return std::addressof(get()); }

  // Whether the calling fiber has one.
  [[nodiscard]] bool has_value() const noexcept { return detail::find_local(key_) != nullptr; }
  // Destroys the calling fiber's; the next get() makes another.
  void reset() const noexcept { detail::drop_local(key_); }

 private:
  struct held : detail::local_value {
    held(const detail::local_type* t, std::uint64_t k) requires(std::default_initializable<T>)
        : local_value{t, k}, value() {}
    held(const detail::local_type* t, std::uint64_t k, const std::function<T()>& make)
        : local_value{t, k}, value(make()) {}
    held(const held& from) requires(std::copy_constructible<T>) : local_value{from.type, from.key}, value(from.value) {}
    T value;
  };

  std::unique_ptr<held> make() const {
    if constexpr (std::default_initializable<T>) {
      if (!make_) return std::make_unique<held>(type_, key_);
    }
    return std::make_unique<held>(type_, key_, make_);
  }

  static void destroy(detail::local_value* gone) noexcept { delete static_cast<held*>(gone); }
  static detail::local_value* copy(const detail::local_value& from) { return new held(static_cast<const held&>(from)); }
  static const detail::local_type* inherited_type() noexcept {
    static constexpr detail::local_type type{&destroy, &copy};
    return &type;
  }
  static constexpr detail::local_type k_own{&destroy, nullptr};

  std::function<T()> make_;  // empty: T()
  const detail::local_type* const type_;
  const std::uint64_t key_ = detail::take_local_key();
};

}  // namespace weft

#pragma GCC visibility pop
