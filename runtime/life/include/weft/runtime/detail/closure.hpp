#pragma once
// Room: runtime. What a fiber is to run, on its way there: one closure of a function and its arguments, in the fiber's
// storage until the first turn, then on the frame of who calls it. Made once where it waits, and moved once.
// Next: fiber_body.hpp, what the runtime calls.

#include <cstddef>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/fiber_body.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/outcome.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class T>
inline constexpr bool stays_where_it_is = false;
template <class R>
inline constexpr bool stays_where_it_is<outcome<R>> = true;

// A value in a fiber's storage: inline if it fits and moves without throwing, or never, else on the heap.
template <class T>
struct stored {
  static constexpr bool k_inline = sizeof(T) <= k_inline_closure && alignof(T) <= alignof(std::max_align_t) &&
                                   (stays_where_it_is<T> || std::is_nothrow_move_constructible_v<T>);

  template <class... Args>
  static void put(void* storage, Args&&... args) {
    if constexpr (k_inline)
      ::new (storage) T(std::forward<Args>(args)...);
    else
      ::new (storage) T*(new T(std::forward<Args>(args)...));
  }
  // What `make` returns, made there and not moved.
  template <class Make>
  static void put_made(void* storage, Make&& make) {
    if constexpr (k_inline)
      ::new (storage) T(make());
    else
      ::new (storage) T*(new T(make()));
  }
  static T& get(void* storage) noexcept {
    if constexpr (k_inline)
      return *std::launder(static_cast<T*>(storage));
    else
      return **std::launder(static_cast<T**>(storage));
  }
  static void drop(void* storage) noexcept {
    if constexpr (k_inline)
      get(storage).~T();
    else
      delete &get(storage);
  }
};

// Brings the closure from the storage to the frame of its caller, and leaves the storage free.
template <class F>
class unpacked {
 public:
  explicit unpacked(void* storage) noexcept {
    if constexpr (stored<F>::k_inline) {
      ::new (&inline_) F(std::move(stored<F>::get(storage)));
      stored<F>::drop(storage);
      f_ = std::launder(reinterpret_cast<F*>(&inline_));
    } else {
      f_ = &stored<F>::get(storage);
    }
  }
  ~unpacked() {
    if constexpr (stored<F>::k_inline)
      f_->~F();
    else
      delete f_;
  }
  unpacked(const unpacked&) = delete;
  unpacked& operator=(const unpacked&) = delete;
  F& operator*() noexcept { return *f_; }

 private:
  struct nothing {};
  F* f_;
  std::conditional_t<stored<F>::k_inline, std::aligned_storage_t<sizeof(F), alignof(F)>, nothing> inline_;
};

// f(args...) as one closure without arguments.
template <class F, class... Args>
auto bind_call(F&& f, Args&&... args) {
  if constexpr (sizeof...(Args) == 0)
    return std::decay_t<F>(std::forward<F>(f));
  else
    return [f = std::decay_t<F>(std::forward<F>(f)),
            args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable -> decltype(auto) {
      return std::apply(
          [&f](auto&... each) -> decltype(auto) { return detail::invoke(std::move(f), std::move(each)...); }, args);
    };
}

}  // namespace weft::detail

#pragma GCC visibility pop
