#pragma once
// Room: tests. What every foreign event loop must do inside a fiber: serve sockets and timers while other fibers go on,
// on the same workers; sleep while it has nothing to do; be woken and stopped by them. Each loop is a few lines of its
// own library's behind this interface, and knows nothing of fibers.

#include <cstdint>
#include <functional>
#include <memory>

#include <netinet/in.h>
#include <sys/socket.h>

namespace weft::testing {

class foreign_loop {
 public:
  virtual ~foreign_loop() = default;
  // On the fiber that runs the loop: an echo server on loopback, and a timer of 1 ms. Returns the port.
  [[nodiscard]] virtual std::uint16_t begin() = 0;
  virtual void run() = 0;
  [[nodiscard]] virtual int ticks() const = 0;
  // By any fiber or thread, while it runs.
  virtual void stop() = 0;
};

enum class seat_of_loop {
  any_worker,          // parks among other fibers: the interposer has its waits
  a_thread_of_its_own  // weft::exclusive_thread
};

using make_loop = std::function<std::unique_ptr<foreign_loop>()>;

// The cases. Each at 1, 2 and 4 workers.
void expect_to_serve_fibers(const make_loop& make, seat_of_loop where);
void expect_to_run_side_by_side(const make_loop& make, seat_of_loop where);
void expect_to_end_with_the_runtime(const make_loop& make, seat_of_loop where);

// 127.0.0.1, any port.
inline sockaddr_in loopback() noexcept {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return where;
}

inline std::uint16_t port_of(int listener) noexcept {
  sockaddr_in where{};
  socklen_t size = sizeof where;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size);
  return ntohs(where.sin_port);
}

}  // namespace weft::testing
