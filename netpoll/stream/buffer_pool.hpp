#pragma once
// Room: netpoll. Where the buffers of chunk.hpp come from: 16 KiB each, taken when there is something to read and given
// back when it has been dealt with, so that a process has as many as it has reads in hand, and none for connections
// that are silent. One pool for the process: the one that came back last, which is in some cache, goes out first. Those
// that nobody has go back to the system by the rules of idle stacks (runtime's idle_stacks.hpp), and those beyond
// k_most_idle at once. Under ASan one that was given back may not be touched.
//
// Rejected: *a few for each worker*: a fiber reads on one worker and may let go on another, and one lock for some ten
// nanoseconds, twice for each read, does not show beside the system call. *operator new*: 16 KiB lie beyond what libc
// keeps for a thread, and what it keeps else it gives back to nobody.

#include <cstddef>

#include <weft/runtime/detail/idle_memory.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

namespace weft::net::detail {

class buffer_pool final : public weft::detail::idle_memory {
 public:
  static constexpr std::size_t k_buffer_size = std::size_t{16} << 10;
  static constexpr std::size_t k_most_idle = 1024;

  constexpr buffer_pool() noexcept = default;
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  // What is in it is not told. Null: the system has no memory.
  [[nodiscard]] std::byte* take() noexcept;
  void give_back(std::byte* buffer) noexcept;

  [[nodiscard]] std::size_t lent() noexcept;
  [[nodiscard]] std::size_t warm() noexcept override;
  [[nodiscard]] std::size_t end_period() noexcept override;
  std::size_t cool(std::size_t most, std::size_t* bytes) noexcept override;

 private:
  // In the first bytes of an idle buffer.
  struct idle_buffer {
    idle_buffer* hotter = nullptr;
    idle_buffer* colder = nullptr;
  };

  [[nodiscard]] std::byte* map_one() noexcept;
  [[nodiscard]] idle_buffer* take_coldest() noexcept WEFT_REQUIRES(lock_);
  static void hide(std::byte* buffer) noexcept;
  static void show(std::byte* buffer) noexcept;

  weft::detail::internal_lock lock_;
  idle_buffer* hottest_ WEFT_GUARDED_BY(lock_) = nullptr;
  idle_buffer* coldest_ WEFT_GUARDED_BY(lock_) = nullptr;
  std::size_t idle_ WEFT_GUARDED_BY(lock_) = 0;
  std::size_t least_idle_ WEFT_GUARDED_BY(lock_) = 0;  // since the period began
  std::size_t lent_ WEFT_GUARDED_BY(lock_) = 0;
  bool is_known_ WEFT_GUARDED_BY(lock_) = false;  // to runtime, as idle memory
};

extern constinit buffer_pool chunk_buffers;

}  // namespace weft::net::detail
