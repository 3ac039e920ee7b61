#pragma once
// Room: sync. How a T travels through an untyped channel_core: as itself if its move cannot throw, otherwise in a box
// made before the lock is taken. It owns the slots on the frames of senders and receivers.
// Next: channel.hpp.

#include <cstddef>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/memory.hpp>
#include <weft/sync/detail/channel_core.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class T>
inline constexpr bool travels_bare = std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_destructible_v<T>;

template <class T>
using element = std::conditional_t<travels_bare<T>, T, std::unique_ptr<T>>;

template <class E>
struct element_ops_of {
  static void construct(void* to, void* from) noexcept { ::new (to) E(std::move(*static_cast<E*>(from))); }
  static void relocate(void* to, void* from) noexcept {
    construct(to, from);
    destroy(from);
  }
  static void destroy(void* element) noexcept { static_cast<E*>(element)->~E(); }

  static constexpr element_ops value = std::is_trivially_copyable_v<E>
                                           ? element_ops{sizeof(E), alignof(E), nullptr, nullptr, nullptr}
                                           : element_ops{sizeof(E), alignof(E), &construct, &relocate, &destroy};
};

// Elements of so many bytes, that are copied as such, have a quick way through a ring; 0: others.
template <class E>
inline constexpr std::size_t quick_bytes = std::is_trivially_copyable_v<E> && (sizeof(E) == 1 || sizeof(E) == 4 ||
                                                                               sizeof(E) == 8 || sizeof(E) == 16)
                                               ? sizeof(E)
                                               : 0;

// A sender's slot. It refers to the caller's value, which is moved from exactly if the channel took it: a T that
// travels in a box is put back from it otherwise (if that throws as well, the value is what its move assignment left).
template <class T, bool Bare = travels_bare<T>>
class outgoing {
 public:
  explicit outgoing(T& value) noexcept : value_(value) {}
  [[nodiscard]] void* slot() noexcept { return std::addressof(value_); }

 private:
  T& value_;
};

template <class T>
class outgoing<T, false> {
 public:
  explicit outgoing(T& value) : value_(value), box_(std::make_unique<T>(std::move(value))) {}
  outgoing(const outgoing&) = delete;
  outgoing& operator=(const outgoing&) = delete;
  ~outgoing() {
    if (box_ == nullptr) return;
    try {
      value_ = std::move(*box_);
    } catch (...) {
    }
  }
  [[nodiscard]] void* slot() noexcept { return &box_; }

 private:
  T& value_;
  std::unique_ptr<T> box_;
};

// The same for a value that is to be copied: before the lock, and not at all if bytes are enough.
template <class T>
class outgoing_copy {
 public:
  explicit outgoing_copy(const T& value) : source_(std::addressof(value)), copy_(copied(value)) {}
  [[nodiscard]] void* slot() noexcept {
    if constexpr (k_by_bytes)
      return const_cast<T*>(source_);  // only read: memcpy
    else
      return std::addressof(copy_);
  }

 private:
  struct nothing {};
  static constexpr bool k_by_bytes = travels_bare<T> && std::is_trivially_copyable_v<T>;

  static auto copied([[maybe_unused]] const T& value) {
    if constexpr (k_by_bytes)
      return nothing{};
    else if constexpr (travels_bare<T>)
      return value;
    else
      return std::make_unique<T>(value);
  }

  const T* source_;
  std::conditional_t<k_by_bytes, nothing, element<T>> copy_;
};

// The same for a value that has come to stay until it is sent.
template <class T>
class outgoing_own {
 public:
  explicit outgoing_own(element<T>&& value) noexcept : value_(std::move(value)) {}
  [[nodiscard]] void* slot() noexcept { return std::addressof(value_); }

 private:
  element<T> value_;
};

// A receiver's slot. Raw until the core returns ok; then it must be taken from, once.
template <class T>
class incoming {
 public:
  incoming() noexcept = default;
  incoming(const incoming&) = delete;
  incoming& operator=(const incoming&) = delete;

  [[nodiscard]] void* slot() noexcept { return storage_; }

  [[nodiscard]] std::optional<T> take() {
    const ending last{received()};
    return std::optional<T>(std::move(value(last.received)));
  }
  void take_into(T& to) {
    const ending last{received()};
    to = std::move(value(last.received));
  }
  void take_into(std::optional<T>& to) {
    const ending last{received()};
    to.emplace(std::move(value(last.received)));
  }

 private:
  using E = element<T>;
  struct ending {
    E& received;
    ~ending() { received.~E(); }
  };

  E& received() noexcept { return *std::launder(reinterpret_cast<E*>(storage_)); }
  static T& value(E& received) noexcept {
    if constexpr (travels_bare<T>)
      return received;
    else
      return *received;
  }

  alignas(E) std::byte storage_[sizeof(E)];
};

}  // namespace weft::detail

#pragma GCC visibility pop
