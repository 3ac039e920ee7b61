// Room: bench. A storm of blocking calls beside an echo server: many fibers, each in weft::blocking(read from a pipe of
// its own), which nobody knows to be pollable. First the echo is measured alone, then while the storm goes on: all
// calls begin as soon as the load runs, and in the second half of its time the program writes to one pipe after the
// other, so that they end.
//
//   storm [fibers [workers [seconds [connections]]]]          default 1,000, as many workers as CPUs, 3, 4
#include <weft/weft.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "echoing.hpp"
#include "figures.hpp"

namespace {

using namespace std::chrono_literals;

class blocking_pipe {
 public:
  blocking_pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "a pipe");
  }
  ~blocking_pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  blocking_pipe(const blocking_pipe&) = delete;
  blocking_pipe& operator=(const blocking_pipe&) = delete;

  void read() {
    char byte = 0;
    if (::read(ends_[0], &byte, 1) != 1) throw std::system_error(errno, std::generic_category(), "read of a pipe");
  }
  void write() {
    if (::write(ends_[1], "x", 1) != 1) throw std::system_error(errno, std::generic_category(), "write to a pipe");
  }

 private:
  int ends_[2];
};

constexpr auto k_begin = 300ms;  // the load has warmed up, and counts

void block_many(std::size_t fibers, std::chrono::seconds time) {
  std::vector<std::unique_ptr<blocking_pipe>> pipes;
  for (std::size_t i = 0; i < fibers; ++i) pipes.push_back(std::make_unique<blocking_pipe>());
  weft::this_fiber::sleep_for(k_begin);
  const auto begin = std::chrono::steady_clock::now();
  weft::wait_group ended;
  ended.add(static_cast<int>(fibers));
  for (const auto& pipe : pipes)
    weft::go([&ended, &pipe] {
      weft::blocking([&] { pipe->read(); });
      ended.done();
    });
  for (std::size_t i = 0; i < fibers; ++i) {
    weft::this_fiber::sleep_until(begin + time / 2 + time * i / (3 * fibers));
    pipes[i]->write();
  }
  ended.wait();
}

// Of the descriptors: two for each pipe, one for each connection, and some.
void measure(std::size_t fibers, std::size_t workers, std::chrono::seconds time, std::size_t connections) {
  figures::allow_descriptors(2 * fibers + connections + 100);
  const auto seconds = static_cast<std::size_t>(time.count());
  weft::runtime runtime({.workers = workers});
  const std::uint16_t port = runtime.run([] { return echoing::start_server(); });
  const echoing::latencies alone = echoing::load(port, connections, seconds);
  weft::channel<bool> over(1);
  runtime.go([=] {
    block_many(fibers, time);
    over.send(true);
  });
  const echoing::latencies beside = echoing::load(port, connections, seconds);
  over.recv();
  figures::line out;
  out.add("alone_p50_us", alone.p50_us);
  out.add("alone_p99_us", alone.p99_us);
  out.add("beside_p50_us", beside.p50_us);
  out.add("beside_p99_us", beside.p99_us);
  out.add("p99_ratio", beside.p99_us / alone.p99_us);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("storm", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000);
    const std::size_t workers = figures::argument(argc, argv, 2, "the number of workers", 0);
    const std::chrono::seconds time(figures::argument(argc, argv, 3, "the number of seconds", 3));
    const std::size_t connections = figures::argument(argc, argv, 4, "the number of connections", 4);
    measure(fibers, workers, time, connections);
  });
}
