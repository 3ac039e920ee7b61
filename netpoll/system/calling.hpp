#pragma once
// Room: netpoll. How this floor makes a system call: repeated if a signal interrupts it, with the faults of tests
// (faults.hpp), its outcome as a value. For the .cpp files of this floor alone, each of which wraps calls of one kind.
// errno belongs to the thread, and a fiber may leave its thread between a call and a look at it: nobody else reads it.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>

#include <sys/socket.h>
#include <sys/uio.h>

#include "faults.hpp"
#include "syscalls.hpp"

namespace weft::net::detail {

[[nodiscard]] inline std::error_code error_of(int number) noexcept { return {number, std::system_category()}; }

// The thread's errno. Not for the race detector: fibers that ran on the thread one after the other have all had it, and
// no release from one to the next says so. Not inlined, so that its address is never kept.
[[nodiscard]] int last_error() noexcept;
void restore_error(int number) noexcept;

[[nodiscard]] inline std::error_code last_error_code() noexcept { return error_of(last_error()); }

// Calls until no signal interrupts it. A result below 0 means that errno tells why. Calls that do not block are hardly
// ever interrupted twice: who is a thousand times in a row is refused by something else, and the caller is told EINTR.
template <class Call>
auto repeat(Call call) noexcept {
  constexpr int k_most_tries = 1000;
  for (int tries = 1;; ++tries) {
    const bool is_made_up = is_faulty(fault::interrupted);
    if (is_made_up && tries < k_most_tries) continue;
    const auto result = is_made_up ? decltype(call())(-1) : call();
    if (is_made_up) restore_error(EINTR);
    if (result >= 0 || last_error() != EINTR || tries >= k_most_tries) return result;
  }
}

// The error that a test has drawn for a call that may need memory; 0: none.
[[nodiscard]] inline int drawn_refusal() noexcept {
  if (!is_faulty(fault::refused)) return 0;
  return draw_fault_detail() % 2 == 0 ? ENOBUFS : ENOMEM;
}

template <class Call>
std::error_code outcome(Call call) noexcept {
  if (const int refused = drawn_refusal()) return error_of(refused);
  return repeat(call) < 0 ? last_error_code() : std::error_code();
}

template <class Call>
opened open_with(Call call) noexcept {
  if (is_faulty(fault::exhausted)) {
    static constexpr int k_errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    return {-1, error_of(k_errors[draw_fault_detail() % 4])};
  }
  if (const int refused = drawn_refusal()) return {-1, error_of(refused)};
  const int fd = repeat(call);
  return fd >= 0 ? opened{fd, {}} : opened{-1, last_error_code()};
}

// `call` moves up to the bytes that it is given. A transfer that we cut short ourselves has not drained the queue.
template <class Call>
transferred transfer(int fd, std::size_t wanted, int error_of_reset, Call call) noexcept {
  std::size_t asked = wanted;
  if (faults_are_drawn()) {
    if (draw_fault(fault::reset)) {
      ::shutdown(fd, SHUT_RDWR);  // broken for both sides, and for the calls to come
      return {0, false, false, error_of(error_of_reset)};
    }
    if (const int refused = drawn_refusal()) return {0, false, false, error_of(refused)};
    if (wanted > 1 && draw_fault(fault::short_transfer)) asked = 1 + draw_fault_detail() % (wanted - 1);
  }
  const ssize_t moved = repeat([&] { return call(asked); });
  if (moved >= 0) return {static_cast<std::size_t>(moved), static_cast<std::size_t>(moved) < asked, false, {}};
  const int error = last_error();
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, false, true, {}};
  return {0, false, false, error_of(error)};
}

// As many of the buffers as one call takes, together at most `most` bytes.
template <class Byte>
struct io_vector {
  static constexpr std::size_t k_capacity = 16;
  iovec parts[k_capacity];
  std::size_t count = 0;
  std::size_t bytes = 0;

  explicit io_vector(std::span<const std::span<Byte>> buffers) noexcept {
    for (const std::span<Byte>& buffer : buffers) {
      if (count == k_capacity) break;
      if (buffer.empty()) continue;
      parts[count++] = {const_cast<std::byte*>(buffer.data()), buffer.size()};
      bytes += buffer.size();
    }
  }

  void limit(std::size_t most) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      parts[i].iov_len = std::min(parts[i].iov_len, most);
      most -= parts[i].iov_len;
    }
  }

  [[nodiscard]] msghdr message() noexcept {
    msghdr m{};
    m.msg_iov = parts;
    m.msg_iovlen = static_cast<decltype(m.msg_iovlen)>(count);  // as wide as each system has it
    return m;
  }
};

}  // namespace weft::net::detail
