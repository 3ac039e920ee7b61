#pragma once
// Room: runtime. What a joinable fiber left in its storage, for whoever joins it. See spawn.hpp.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/memory.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

enum class ending : std::uint8_t { cancelled, returned, threw };

// What a joinable fiber left. By hand: <variant> is a fortieth of what weft.hpp takes to compile, and each type of
// result would have a variant more.
template <class R>
class outcome {
 public:
  struct nothing {};
  // A reference is kept as a pointer.
  using kept =
      std::conditional_t<std::is_void_v<R>, nothing,
                         std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<R>, std::remove_cv_t<R>>>;

  outcome() noexcept {}  // cancelled, until the function has returned or thrown
  outcome(const outcome&) = delete;
  outcome& operator=(const outcome&) = delete;
  ~outcome() {
    if (how_ == ending::returned) value_.~kept();
    if (how_ == ending::threw) thrown_.~exception_ptr();
  }

  // Once, one of them. What f throws changes nothing.
  template <class F>
  void set_result_of(F& f) {
    void* const place = std::addressof(value_);
    if constexpr (std::is_void_v<R>) {
      detail::call_kept(f);
      ::new (place) kept();
    } else if constexpr (std::is_reference_v<R>) {
      auto&& made = detail::call_kept(f);
      ::new (place) kept(std::addressof(made));
    } else {
      ::new (place) kept(detail::call_kept(f));
    }
    how_ = ending::returned;
  }
  void fail(std::exception_ptr thrown) noexcept {
    ::new (&thrown_) std::exception_ptr(std::move(thrown));
    how_ = ending::threw;
  }

  [[nodiscard]] ending how() const noexcept { return how_; }
  [[nodiscard]] kept& value() noexcept { return value_; }
  [[nodiscard]] std::exception_ptr& thrown() noexcept { return thrown_; }

 private:
  ending how_ = ending::cancelled;
  union {
    kept value_;
    std::exception_ptr thrown_;
  };
};

}  // namespace weft::detail

#pragma GCC visibility pop
