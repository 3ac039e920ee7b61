#pragma once
// Room: netpoll. The handle by which streams, listeners and signal sources own their descriptor: one pointer to a block
// that stays where it is for the life of the process (descriptor_block.hpp tells what is in it).

#include <weft/runtime/detail/require_cpp20.hpp>

#include <system_error>

namespace weft::net::detail {
struct descriptor_block;
}

#pragma GCC visibility push(default)

namespace weft::net::detail {

// Move-only. Any thread may close(); destroying and assigning over are for its owner, when nobody else begins a call on
// it: the close that comes with them acquires what the calls in progress have read here. Moving from it has nothing of
// that kind, and is for when nobody is in a call. Its destructor closes, and neither parks nor throws; it needs no
// runtime.
class descriptor {
 public:
  constexpr descriptor() noexcept = default;
  explicit descriptor(descriptor_block* block) noexcept : block_(block) {}
  descriptor(descriptor&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) {
      abandon();
      block_ = other.block_;
      other.block_ = nullptr;
    }
    return *this;
  }
  ~descriptor() { abandon(); }

  // Wakes whoever waits on it; the system's descriptor is closed by the last user that leaves. False: was closed
  // before.
  bool close() noexcept;

  // -1 if closed, moved from, or never opened.
  [[nodiscard]] int native_handle() const noexcept;

  [[nodiscard]] descriptor_block* block() const noexcept { return block_; }

 private:
  void abandon() noexcept;

  descriptor_block* block_ = nullptr;
};

}  // namespace weft::net::detail

#pragma GCC visibility pop
