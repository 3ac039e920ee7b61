#pragma once
// Room: runtime. The one pointer to what a class of a public header keeps to itself: what such a member needs of
// std::unique_ptr. To the compiler each unique_ptr of another type is a hundredth of all of weft.hpp, which has six.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstddef>

#pragma GCC visibility push(default)

namespace weft::detail {

struct deletes {
  template <class T>
  void operator()(T* gone) const noexcept {
    static_assert(sizeof(T) != 0, "deleted where it is incomplete");
    delete gone;
  }
};

template <class T, class Drop = deletes>
class owned {
 public:
  constexpr owned() noexcept = default;
  explicit owned(T* object) noexcept : object_(object) {}
  owned(owned&& from) noexcept : object_(from.release()) {}
  owned& operator=(owned&& from) noexcept {
    if (this == &from) return *this;
    T* const before = object_;
    object_ = from.release();
    drop(before);
    return *this;
  }
  // Writes nothing here: a call in progress that the end of the object ends (a pipe's) has read the pointer, and is
  // ordered before that end by Drop alone.
  ~owned() { drop(object_); }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  friend bool operator==(const owned& a, std::nullptr_t) noexcept { return a.object_ == nullptr; }

  // By hand: std::exchange would be instantiated for each T.
  T* release() noexcept {
    T* const object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  static void drop(T* object) noexcept {
    if (object != nullptr) Drop()(object);
  }

  T* object_ = nullptr;
};

}  // namespace weft::detail

#pragma GCC visibility pop
