#pragma once
// Room: runtime. Numbers of free stacks in the order in which they came: fibers take the hottest from one end, and who
// gives memory back takes the coldest from the other. Room is made ahead, so that giving a stack back never allocates.
// Next: stack_pool.hpp, whose lock guards it.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weft::detail {

class free_slots {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  // The least that room is made for: lists that grow from nothing leave pieces behind, which nobody else needs, and a
  // page of each is touched.
  static constexpr std::size_t k_least_room = 16 * 1024;

  // For so many at once. Throws std::bad_alloc. Doubles, so that a million are copied a few times in all; and what was
  // never used of it stays untouched.
  void make_room(std::size_t count) {
    if (count <= room_) return;
    const std::size_t room = std::bit_ceil(std::max(count, k_least_room));
    auto larger = std::make_unique_for_overwrite<std::uint32_t[]>(room);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = place(first_ + i);
    ring_ = std::move(larger);
    room_ = room;
    first_ = 0;
  }

  // There is room, or there is one.
  void push(std::uint32_t slot) noexcept { place(first_ + size_++) = slot; }
  [[nodiscard]] std::uint32_t pop_hottest() noexcept { return place(first_ + --size_); }
  [[nodiscard]] std::uint32_t pop_coldest() noexcept {
    --size_;
    return place(first_++);
  }

 private:
  [[nodiscard]] std::uint32_t& place(std::size_t i) noexcept { return ring_[i & (room_ - 1)]; }

  std::unique_ptr<std::uint32_t[]> ring_;
  std::size_t room_ = 0;  // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weft::detail
