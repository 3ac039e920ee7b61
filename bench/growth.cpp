// Room: bench. What a fiber costs when there are many: all are spawned and park on one channel, each is woken by a
// value of its own, and ends. Twice: first in a fresh process, whose stacks were never touched, and again; again more
// than once if they are few. Then once more, and each that was woken has 64 bytes echoed before it ends, over one of a
// few connections that they lend each other (a million connections are more than most systems give); the server is in
// this process, a fiber for each connection.
//
//   growth [fibers [workers [stack size [times [connections]]]]]
//                        default 1,000,000, as many workers as CPUs, the default size, 1, 64; 0 connections: no echo
#include <weft/weft.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "echoing.hpp"
#include "figures.hpp"

namespace {

using std::chrono::steady_clock;

class lent_connections {
 public:
  explicit lent_connections(std::size_t count) : free_(count) {
    const std::string address = "127.0.0.1:" + std::to_string(echoing::start_server());
    for (std::size_t i = 0; i < count; ++i) connections_.push_back(weft::net::dial(address));
    for (auto& each : connections_) free_.send(&each);
  }

  void echo_once() {
    std::array<char, 64> message;
    message.fill('e');
    std::array<char, 64> answer;
    weft::net::tcp_stream* const lent = *free_.recv();
    lent->write_all(message);
    lent->read_exactly(answer);
    free_.send(lent);
    if (answer != message) throw std::runtime_error("an echo came back as something else");
  }

 private:
  std::vector<weft::net::tcp_stream> connections_;
  weft::channel<weft::net::tcp_stream*> free_;
};

// `work` is what each does between its waking and its end.
template <class Work>
void spawn_park_wake(std::size_t fibers, Work work) {
  weft::channel<int> gate;
  weft::wait_group begun;
  weft::wait_group ended;
  begun.add(static_cast<int>(fibers));
  ended.add(static_cast<int>(fibers));
  for (std::size_t i = 0; i < fibers; ++i)
    weft::go([&, gate] {
      begun.done();
      gate.recv();
      work();
      ended.done();
    });
  begun.wait();
  for (std::size_t i = 0; i < fibers; ++i) gate.send(1);
  ended.wait();
}

// Of one fiber.
template <class Work>
double ns_of_one(std::size_t fibers, std::size_t times, Work work) {
  const auto begin = steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) spawn_park_wake(fibers, work);
  return figures::in_us(steady_clock::now() - begin) * 1e3 / static_cast<double>(fibers * times);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("growth", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const std::size_t stack_size = figures::argument(argc, argv, 3, "the stack size", 0);
    const std::size_t times = figures::argument(argc, argv, 4, "the number of times", 1);
    const std::size_t connections = figures::argument(argc, argv, 5, "the number of connections", 64);
    weft::run({.workers = workers, .stack_size = stack_size}, [&] {
      figures::line out;
      out.add("first_ns", ns_of_one(fibers, 1, [] {}));
      out.add("again_ns", ns_of_one(fibers, times, [] {}));
      if (connections == 0) return;
      lent_connections lent(connections);
      out.add("echo_ns", ns_of_one(fibers, times, [&] { lent.echo_once(); }));
    });
  });
}
