// Room: bench. A process that has nothing to do: many fibers parked on a channel, and the main thread in a read of its
// standard input, at whose end everything ends. Whoever drives it (table.py) counts the context switches meanwhile.
//
//   idle [fibers]          default 10,000
#include <weft/weft.hpp>

#include <cstddef>

#include <unistd.h>

#include "figures.hpp"

int main(int argc, char** argv) {
  return figures::report("idle", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 10'000);
    weft::channel<int> gate;
    weft::wait_group ended;
    weft::runtime runtime;
    runtime.run([&] {
      weft::wait_group begun;
      begun.add(static_cast<int>(fibers));
      ended.add(static_cast<int>(fibers));
      for (std::size_t i = 0; i < fibers; ++i)
        weft::go([&ended, &begun, gate] {
          begun.done();
          gate.recv();
          ended.done();
        });
      begun.wait();
    });
    { figures::line().add("parked", static_cast<double>(fibers)); }
    char ignored = 0;
    while (::read(STDIN_FILENO, &ignored, 1) > 0) {
    }
    gate.close();
    ended.wait();
  });
}
