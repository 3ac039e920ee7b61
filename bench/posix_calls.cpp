// Room: bench. What a call of weft::posix costs that need not wait, beside libc's own: nanoseconds each, inside a fiber
// and on a plain thread, as a line of JSON.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <sys/socket.h>
#include <unistd.h>

#include <weft/posix.hpp>
#include <weft/runtime/runtime.hpp>

namespace {

constexpr int k_calls = 100'000;
constexpr int k_rounds = 7;

// The best of some rounds.
template <class Call>
double nanoseconds_of(Call call) {
  double best = 1e9;
  for (int round = 0; round < k_rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < k_calls; ++i) call();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / k_calls);
  }
  return best;
}

struct figures {
  double exchange;  // a send or write, and a recv or read
  double look;
};

figures by_libc(const int (&ends)[2]) {
  char byte = 0;
  pollfd look{ends[0], POLLOUT, 0};
  return {nanoseconds_of([&] { (void)(::send(ends[1], &byte, 1, 0) + ::recv(ends[0], &byte, 1, 0)); }),
          nanoseconds_of([&] { (void)::poll(&look, 1, -1); })};
}

figures by_weft(const int (&ends)[2]) {
  char byte = 0;
  pollfd look{ends[0], POLLOUT, 0};
  return {nanoseconds_of(
              [&] { (void)(weft::posix::send(ends[1], &byte, 1, 0) + weft::posix::recv(ends[0], &byte, 1, 0)); }),
          nanoseconds_of([&] { (void)weft::posix::poll(&look, 1, -1); })};
}

}  // namespace

int main() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  const figures libc = by_libc(ends), plain = by_weft(ends);
  const figures fiber = weft::run([&] { return by_weft(ends); });
  std::printf("{\"libc_send_recv\": %.1f, \"thread_send_recv\": %.1f, \"fiber_send_recv\": %.1f, ", libc.exchange,
              plain.exchange, fiber.exchange);
  std::printf("\"libc_poll\": %.1f, \"thread_poll\": %.1f, \"fiber_poll\": %.1f}\n", libc.look, plain.look, fiber.look);
  return 0;
}
