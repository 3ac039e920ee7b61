// Room: bench. net::copy from one connection to another, of so much in messages of one size. The load is a process of
// its own, and its CPU time is not counted.
//
//   copying [MiB [message]]          default 1,024 MiB in messages of 64 KiB
#include <weft/weft.hpp>

#include "copy_loading.hpp"
#include "figures.hpp"

namespace {

void copy_once(const copy_loading::load& what) {
  auto in = weft::net::listen("127.0.0.1:0");
  auto out = weft::net::listen("127.0.0.1:0");
  std::FILE* const running = copy_loading::start(in.local_address().port(), out.local_address().port(), what);
  auto from = in.accept();
  auto to = out.accept();
  copy_loading::measure(running, what, [&] {
    weft::net::copy(from, to);
    to.shutdown_write();
  });
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("copying", [&] {
    const auto what = copy_loading::arguments(argc, argv, 1);
    weft::run([&] { copy_once(what); });
  });
}
