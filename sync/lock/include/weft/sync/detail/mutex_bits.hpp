#pragma once
// Room: sync. What a mutex's word says; "Locking" in mutex.cpp says who may change which bit when.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <cstdint>

#pragma GCC visibility push(default)

namespace weft::detail {

struct mutex_bits {
  static constexpr std::uint32_t k_locked = 1;           // somebody holds the mutex
  static constexpr std::uint32_t k_queue_locked = 2;     // somebody is at the queue; only ever together with k_locked
  static constexpr std::uint32_t k_queue_contended = 4;  // somebody may sleep on the word, waiting for the queue
  static constexpr std::uint32_t k_has_waiters = 8;      // the queue is not empty
  static constexpr std::uint32_t k_woken = 16;           // a waiter was woken to try for itself, and has not tried yet

  // What somebody who tried for the mutex has got.
  enum class [[nodiscard]] entered : std::uint8_t{mutex, queue};
};

}  // namespace weft::detail

#pragma GCC visibility pop
