// Room: bench. What a parked fiber costs in memory: many that wait for one channel, resident memory and page tables of
// each. The fiber's block is in it, the kernel's bookkeeping of mappings is not.
//
//   parked [fibers [stack size]]          default 1,000,000, and the default size
#include <weft/weft.hpp>

#include <chrono>
#include <cstddef>

#include "figures.hpp"

namespace {

using namespace std::chrono_literals;

void park_all(std::size_t fibers, std::size_t stack_size) {
  const double resident_before = figures::status_bytes("VmRSS");
  const double tables_before = figures::status_bytes("VmPTE");
  weft::channel<int> gate;
  weft::wait_group begun;
  weft::wait_group ended;
  begun.add(static_cast<int>(fibers));
  ended.add(static_cast<int>(fibers));
  for (std::size_t i = 0; i < fibers; ++i)
    weft::go({.stack_size = stack_size}, [&, gate] {
      begun.done();
      gate.recv();
      ended.done();
    });
  begun.wait();
  weft::this_fiber::sleep_for(100ms);  // the last of them are between done() and the channel
  {
    figures::line out;
    out.add("resident_bytes", (figures::status_bytes("VmRSS") - resident_before) / static_cast<double>(fibers));
    out.add("table_bytes", (figures::status_bytes("VmPTE") - tables_before) / static_cast<double>(fibers));
  }
  gate.close();
  ended.wait();
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("parked", [&] {
    const std::size_t fibers = figures::argument(argc, argv, 1, "the number of fibers", 1'000'000);
    const std::size_t stack_size = figures::argument(argc, argv, 2, "the stack size", 0);
    weft::run([=] { park_all(fibers, stack_size); });
  });
}
