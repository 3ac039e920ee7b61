#pragma once
// Room: netpoll. Faults that tests inject into system calls, drawn from a seed. Off, it costs each call one load and a
// branch that is predicted. calling.hpp asks; nothing else in the library knows.
//
// What is injected keeps to what the kernel promises, or correct code would fail: a transfer that was cut short says
// that the queue was not drained, and EAGAIN is not made up at all, for with edge-triggered readiness no edge would
// follow it.

#include <atomic>
#include <cstdint>

namespace weft::net::detail {

enum class fault : std::uint8_t {
  interrupted,     // EINTR before the call
  short_transfer,  // a read or write of fewer bytes than asked for
  reset,           // ECONNRESET instead of a read, EPIPE instead of a write
  exhausted,       // EMFILE, ENFILE, ENOBUFS or ENOMEM where a descriptor would be made
  aborted,         // ECONNABORTED instead of an accepted connection
  unwatched,       // ENOMEM where a descriptor would be added to epoll
  old_kernel,      // a wait for events that counts in milliseconds
  refused,         // ENOBUFS or ENOMEM instead of any call that may need memory
};
inline constexpr unsigned k_fault_kinds = 8;

// How often of 1,024 calls, for each kind.
struct fault_plan {
  std::uint64_t seed = 0;
  std::uint32_t interrupted = 0;
  std::uint32_t short_transfer = 0;
  std::uint32_t reset = 0;
  std::uint32_t exhausted = 0;
  std::uint32_t aborted = 0;
  std::uint32_t unwatched = 0;
  std::uint32_t old_kernel = 0;
  std::uint32_t refused = 0;
};

// Process-wide, while one lives; one at a time.
class fault_injection {
 public:
  explicit fault_injection(const fault_plan& plan) noexcept;
  ~fault_injection();
  fault_injection(const fault_injection&) = delete;
  fault_injection& operator=(const fault_injection&) = delete;

  // How many of a kind were injected so far.
  [[nodiscard]] std::uint64_t injected(fault kind) const noexcept;
};

extern constinit std::atomic<bool> faults_are_on;

[[nodiscard, gnu::cold]] bool draw_fault(fault kind) noexcept;

// A number for the details of a fault that was drawn: which error, how short.
[[nodiscard, gnu::cold]] std::uint64_t draw_fault_detail() noexcept;

[[nodiscard]] inline bool faults_are_drawn() noexcept {
  // relaxed: tests switch it while no calls are made, or do not care which call is the first.
  return faults_are_on.load(std::memory_order_relaxed);
}

[[nodiscard]] inline bool is_faulty(fault kind) noexcept { return faults_are_drawn() && draw_fault(kind); }

}  // namespace weft::net::detail
