// Room: tests. Code that knows nothing of fibers, on fibers: linked with libweft_interpose (weft-interpose.pc).
#include <weft/weft.hpp>
#include <iostream>
#include <mutex>
#include <thread>

// As any library has it.
static std::mutex door;
static int inside = 0, most = 0;

static void visit() {
  const std::scoped_lock held(door);
  most = std::max(most, ++inside);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  --inside;
}

int main() {
  weft::run(weft::options{.workers = 1}, [] {
    weft::task_group visitors;
    for (int i = 0; i < 10; ++i) visitors.go(visit);
    visitors.wait();
  });
  std::cout << "ten visitors, at most " << most << " inside\n";
}
