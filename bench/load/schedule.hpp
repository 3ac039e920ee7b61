#pragma once
// Room: bench. When each request of an open loop is due: at a stated rate, whatever the server does, in turn on each
// connection. A request whose connection still waits for an answer is sent when that has come, and counts from when it
// was due: who is slow does not slow down who asks, and what waited for it is not left out ("coordinated omission").
//
// A closed loop has no schedule: each connection asks again when it is answered.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace load {

class schedule {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  // Requests a second, of all connections together; more than 0.
  schedule(double rate, std::size_t connections) : rate_(rate), connections_(connections) {}

  // The one that is due next, counted from 0, and when, from the begin.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] nanoseconds due() const { return due_at(next_); }
  [[nodiscard]] std::size_t connection() const { return static_cast<std::size_t>(next_ % connections_); }
  void advance() { ++next_; }

  // When the n-th request of a connection is due.
  [[nodiscard]] nanoseconds due_at(std::size_t connection, std::uint64_t nth) const {
    return due_at(nth * connections_ + connection);
  }

 private:
  [[nodiscard]] nanoseconds due_at(std::uint64_t request) const {
    return nanoseconds(static_cast<std::int64_t>(static_cast<double>(request) * 1e9 / rate_));
  }

  double rate_;
  std::size_t connections_;
  std::uint64_t next_ = 0;
};

}  // namespace load
