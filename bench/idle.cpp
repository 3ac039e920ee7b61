// Room: bench. A server that has nothing to do: fibers parked on a channel, and one for each connection that came to
// its port, asked, got its echo, and is silent. The main fiber waits in a blocking read for the end of the standard
// input, which ends everything. Whoever drives it (table.py) makes the connections, from another process, and counts
// the context switches meanwhile.
//
//   idle [fibers [chunks]]          default 10,000; with the word chunks each read borrows its buffer, otherwise each
//                                   connection's fiber has its own
#include <weft/weft.hpp>

#include <cstddef>
#include <string_view>

#include <unistd.h>

#include "echoing.hpp"
#include "figures.hpp"

namespace {

void await_end_of_input() {
  char ignored = 0;
  while (::read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}

void stay_idle(std::size_t fibers, echoing::conversation talk) {
  weft::channel<int> gate;
  weft::wait_group begun;
  weft::wait_group ended;
  begun.add(static_cast<int>(fibers));
  ended.add(static_cast<int>(fibers));
  for (std::size_t i = 0; i < fibers; ++i)
    weft::go([&ended, &begun, gate] {
      begun.done();
      gate.recv();
      ended.done();
    });
  begun.wait();
  const std::uint16_t port = echoing::start_server(talk);
  {
    figures::line out;
    out.add("parked", static_cast<double>(fibers));
    out.add("port", static_cast<double>(port));
  }
  weft::blocking(await_end_of_input);
  gate.close();
  ended.wait();
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("idle", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 10'000);
    const bool in_chunks = argc > 2 && std::string_view(argv[2]) == "chunks";
    weft::run([=] { stay_idle(fibers, in_chunks ? echoing::converse_in_chunks : echoing::converse); });
  });
}
